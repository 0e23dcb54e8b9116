"""A sensor's model as named arrays and back, the form in which a calibration keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from hybridsim.sensing.gains import Gains
from hybridsim.sensing.imu import Codes, Frame
from hybridsim.sensing.model import ImuModel
from hybridsim.sensing.resting import RestModel
from hybridsim.sensing.stand import Stand
from hybridsim.sensing.stretches import Stretches
from hybridsim.sensing.tails import Tail
from hybridsim.sensing.texture import Texture

FRAME = "frame."
RESTS = "rests."
"""In front of the arrays of a model of rests alone."""


def arrays_of(model: ImuModel) -> dict[str, np.ndarray]:
    """Everything that the model is made of; numbers as arrays of one."""
    found: dict[str, Any] = {
        "period": np.array([model.period]),
        "codes": np.array([model.codes.gyro_step, model.codes.acc_step, float(model.codes.gyro_cuts)]),
        "tails": np.array(model.tails),
        "plain_spread": model.plain_spread,
        "plain_tails": np.array(model.plain_tails),
        "clock": np.array([model.clock]),
        "follows": np.array(model.follows, float),
    }
    parts = {"gains": model.gains, "texture": model.texture, "stretches": model.texture.stretches}
    for name, part in parts.items():
        found |= {f"{name}.{one.name}": getattr(part, one.name) for one in fields(part)}
    del found["texture.stretches"]
    for mounting, frame in model.frames.items():
        for one in fields(frame):
            found[f"{FRAME}{mounting}.{one.name}"] = np.atleast_1d(getattr(frame, one.name))
    return {name: np.asarray(array, np.float32) for name, array in found.items()}


def model_of(arrays: Mapping[str, np.ndarray]) -> ImuModel:
    """The model that `arrays_of` took apart."""
    # Calibrations from before rests drifted and clocks were found have no numbers for them.
    known: dict[str, Any] = {"texture.drift": np.zeros(6), "clock": np.zeros(1)}
    known |= {name: np.asarray(array, float) for name, array in arrays.items()}
    step, acc_step, cuts = known["codes"].tolist()
    mountings = dict.fromkeys(
        name.removeprefix(FRAME).rpartition(".")[0] for name in known if name.startswith(FRAME)
    )
    moving, resting = (tuple(Tail(*row) for row in half) for half in known["tails"].tolist())
    plain = tuple(tuple(Tail(*row) for row in half) for half in known["plain_tails"].tolist())
    return ImuModel(
        period=float(known["period"][0]),
        codes=Codes(gyro_step=step, acc_step=acc_step, gyro_cuts=cuts > 0.5),
        frames={name: _frame(known, f"{FRAME}{name}.") for name in mountings},
        gains=Gains(**_named(known, "gains.")),
        texture=Texture(**_named(known, "texture."), stretches=Stretches(**_named(known, "stretches."))),
        tails=(moving, resting),
        plain_spread=known["plain_spread"],
        plain_tails=(plain[0], plain[1]),
        clock=float(known["clock"][0]),
        follows=(bool(known["follows"][0]), bool(known["follows"][1])),
    )


def rest_arrays_of(model: RestModel) -> dict[str, np.ndarray]:
    """The same of a model of rests alone."""
    codes = model.codes
    found = {
        "period": [model.period],
        "codes": [codes.gyro_step, codes.acc_step, float(codes.gyro_cuts)],
        "gravity": [model.gravity],
        "scale": model.scale,
        "offset": model.offset,
        "rest": model.stand.rest,
        "drift": model.stand.drift,
        "tails": model.tails,
    }
    return {f"{RESTS}{name}": np.asarray(array, np.float32) for name, array in found.items()}


def rest_model_of(arrays: Mapping[str, np.ndarray]) -> RestModel:
    """The model that `rest_arrays_of` took apart."""
    known: dict[str, Any] = _named({name: np.asarray(a, float) for name, a in arrays.items()}, RESTS)
    step, acc_step, cuts = known["codes"].tolist()
    return RestModel(
        period=float(known["period"][0]),
        codes=Codes(gyro_step=step, acc_step=acc_step, gyro_cuts=cuts > 0.5),
        gravity=float(known["gravity"][0]),
        scale=known["scale"],
        offset=known["offset"],
        stand=Stand(rest=known["rest"], drift=known["drift"]),
        tails=tuple(Tail(*row) for row in known["tails"].tolist()),
    )


def _named(known: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """The arrays of one part, by its own names."""
    return {name.removeprefix(prefix): array for name, array in known.items() if name.startswith(prefix)}


def _frame(known: Mapping[str, np.ndarray], prefix: str) -> Frame:
    own = _named(known, prefix)
    return Frame(
        rate=own["rate"],
        rate_delay=float(own["rate_delay"][0]),
        force=own["force"],
        offset=own["offset"],
        lever=own["lever"],
        gravity=own["gravity"],
        force_delay=float(own["force_delay"][0]),
    )
