"""Pictures of a world by PyBullet's CPU renderer, and videos of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from hybridsim.errors import SimulationError
from hybridsim.physics.picture import picture
from hybridsim.simulator import HybridSim

RATE = 25
"""Pictures a second of a video."""


class Camera:
    """Looks at one world's robot from aside and follows it."""

    def __init__(self, sim: HybridSim, world: int = 0, *, width: int = 480, height: int = 360) -> None:
        """Point it."""
        self._sim, self._world, self._size = sim, world, (width, height)

    def image(self) -> UInt8[np.ndarray, "row column 3"]:
        """Now."""
        return picture(self._sim.body.shown(self._world), *self._size)


def write_video(path: Path, images: Iterable[UInt8[np.ndarray, "row column 3"]]) -> Path:
    """An MP4 (H.264) of pictures, `RATE` a second; nothing is left behind where writing fails."""
    import av

    partial = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(partial), "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=RATE)
            stream.pix_fmt = "yuv420p"
            for n, image in enumerate(images):
                if n == 0:
                    stream.height, stream.width = image.shape[:2]
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            container.mux(stream.encode())
        partial.replace(path)
    except OSError as error:
        raise SimulationError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        partial.unlink(missing_ok=True)
    return path
