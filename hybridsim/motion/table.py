"""Our own form of a motion: a CSV or Parquet table with named columns that carry units.

    time_s, <joint>_rad ..., and for a base that moves base_x_m, base_y_m, base_z_m (world, z up) and
    base_qx, base_qy, base_qz, base_qw (world from body, body x ahead and z up)

`time_s` and at least one joint are needed; the seven of the base come together; any other column is refused.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from jaxtyping import Float

from hybridsim.errors import MotionError
from hybridsim.motion.model import MOST_FRAMES, MOST_JOINTS, Motion

TIME = "time_s"
PLACE = ("base_x_m", "base_y_m", "base_z_m")
TURN = ("base_qx", "base_qy", "base_qz", "base_qw")
ANGLE = "_rad"


def motion_of(content: bytes, *, parquet: bool, skeleton: str, name: str, sha256: str) -> Motion:
    """A motion from a table.

    Raises:
        MotionError: damaged, a column that is missing, unknown or no number, or what `Motion` refuses.
    """
    columns = _columns(content, parquet, name)
    joints = [column for column in columns if column.endswith(ANGLE)]
    known = {TIME, *PLACE, *TURN, *joints}
    if unknown := [column for column in columns if column not in known]:
        raise MotionError(
            f"{name}: unknown column '{unknown[0][:80]}'; expected {TIME}, <joint>{ANGLE},"
            f" {', '.join((*PLACE, *TURN))}"
        )
    given: dict[str, Any] = {"name": name, "skeleton": skeleton, "sha256": sha256}
    if set(columns) & {*PLACE, *TURN}:
        given["base_position"] = _stacked(columns, PLACE, name)
        given["base_orientation"] = _stacked(columns, TURN, name)
    if not joints:
        raise MotionError(f"{name}: no column <joint>{ANGLE}; it has {', '.join(columns)[:200]}")
    return Motion(
        joints=tuple(column.removesuffix(ANGLE) for column in joints),
        time_s=_stacked(columns, (TIME,), name)[:, 0],
        joint_position=_stacked(columns, joints, name),
        **given,
    )


def _columns(content: bytes, parquet: bool, name: str) -> dict[str, Float[np.ndarray, " frame"]]:
    """Numbers by column, in the file's order."""
    try:
        if parquet:
            rows = pyarrow.parquet.ParquetFile(io.BytesIO(content)).metadata.num_rows
            if rows > MOST_FRAMES:  # before anything is unpacked
                raise MotionError(f"{name}: {rows} frames; expected at most {MOST_FRAMES}")
            table = pyarrow.parquet.read_table(io.BytesIO(content))
        else:
            table = pyarrow.csv.read_csv(io.BytesIO(content))
        names = table.column_names
    except (pa.ArrowException, OSError, UnicodeDecodeError, ValueError) as error:
        raise MotionError(f"{name}: is no table: {str(error)[:200]}") from None
    if len(names) > MOST_JOINTS + 8 or len(set(names)) < len(names):
        raise MotionError(f"{name}: {len(names)} columns; expected at most {MOST_JOINTS + 8}, each once")
    return {column: _numbers(table.column(column), column, name) for column in names}


def _numbers(column: Any, label: str, name: str) -> Float[np.ndarray, " frame"]:
    """A column's numbers; a missing one counts as not finite."""
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        raise MotionError(f"{name}: column '{label[:80]}' holds {column.type}; expected numbers")
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), float)


def _stacked(columns: dict[str, Any], names: Any, name: str) -> Float[np.ndarray, "frame column"]:
    """Some columns side by side."""
    if missing := [one for one in names if one not in columns]:
        raise MotionError(f"{name}: no column '{missing[0]}'; it has {', '.join(columns)[:200]}")
    return np.stack([columns[one] for one in names], axis=1)
