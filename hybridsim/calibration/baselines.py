"""What the baselines need to be replayed on other logs: a delay each, and a black box kept as sealed bytes.

The black box is written in torch and is opened only by who replays it, with `hybridsim.networks.blackbox`;
here its file is hashed and carried along, so that loading a calibration never imports torch.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol

import numpy as np
from pydantic import BaseModel, Field, FiniteFloat

from hybridsim.calibration.files import read_bounded
from hybridsim.calibration.parts import Numbers, Part, Sha256, Word
from hybridsim.errors import CalibrationError
from hybridsim.networks.contract import REMEDY, FileName
from hybridsim.networks.store import write_tensors

MOST_WEIGHTS = 256_000_000  # bytes; chosen, because ten times what an arm with five networks takes
SEALED = ("weights", "sha256")

Delay = Annotated[FiniteFloat, Field(ge=0, le=1e3)]


class BlackBoxLike(Protocol):
    """What `hybridsim.networks.blackbox.BlackBox` offers."""

    @property
    def contract(self) -> BaseModel:
        """Its terms, `weights` and `sha256` among them."""
        ...

    @property
    def tensors(self) -> Mapping[str, np.ndarray]:
        """Its weights by name."""
        ...


class BlackBoxEntry(Part):
    """A black box in calibration.json.

    Attributes:
        weights: name of its file.
        sha256: of that file.
        terms: the rest of its contract.
    """

    weights: FileName
    sha256: Sha256
    terms: dict[Word, int | FiniteFloat | Word | Numbers]

    def contract(self) -> dict[str, Any]:
        """The contract as `load_blackbox` takes it."""
        return {**self.terms, "weights": self.weights, "sha256": self.sha256}


class Baselines(Part):
    """Baselines fitted on the same training logs.

    Attributes:
        delays: per signal and component the best pure delay of the command [s].
        blackbox: the recurrent network, where one was trained.
    """

    delays: dict[Word, dict[Word, Delay]] = Field(default={})
    blackbox: BlackBoxEntry | None = None


@dataclass(frozen=True)
class SealedBlackBox:
    """A black box as it lies on disk."""

    entry: BlackBoxEntry
    content: bytes

    @classmethod
    def of(cls, blackbox: BlackBoxLike) -> SealedBlackBox:
        """Seal a trained one."""
        terms = blackbox.contract.model_dump(mode="json")
        name = terms["weights"]
        with tempfile.TemporaryDirectory() as folder:
            sha256 = write_tensors(Path(folder) / name, blackbox.tensors)
            content = (Path(folder) / name).read_bytes()
        rest = {key: value for key, value in terms.items() if key not in SEALED}
        return cls(BlackBoxEntry(weights=name, sha256=sha256, terms=rest), content)

    @classmethod
    def read(cls, folder: Path, entry: BlackBoxEntry) -> SealedBlackBox:
        """Read the file and check its hash.

        Raises:
            CalibrationError: the file is missing, too large, a link out of the folder or of another hash.
        """
        content = read_bounded(folder, entry.weights, MOST_WEIGHTS)
        if (found := hashlib.sha256(content).hexdigest()) != entry.sha256:
            raise CalibrationError(
                f"{folder / entry.weights}: sha256 is {found}; the field baselines.blackbox.sha256 says "
                f"{entry.sha256}; {REMEDY}"
            )
        return cls(entry, content)
