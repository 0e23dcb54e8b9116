"""Named arrays that a calibration carries beside its parameters, such as what a sensor leaves unexplained."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from hybridsim.calibration.files import check_inside
from hybridsim.calibration.parts import Part, Sha256, Word
from hybridsim.networks.contract import FileName
from hybridsim.networks.store import read_tensors, write_tensors

MOST_NUMBERS = 10_000_000
Shape = Annotated[tuple[Annotated[int, Field(ge=0, le=1_000_000)], ...], Field(strict=False, max_length=6)]


class TableContract(Part):
    """Arrays in calibration.json.

    Attributes:
        name: what they belong to, such as `sensor.imu`.
        weights: name of their file.
        sha256: of that file.
        shapes: of the arrays by name.
        meaning: what they are and where it is written down.
        words: what has to be known beside the arrays, such as which label names a mounting.
    """

    name: Word
    weights: FileName
    sha256: Sha256
    shapes: Annotated[dict[Word, Shape], Field(max_length=1000)]
    meaning: Annotated[str, Field(max_length=2000)]
    words: dict[Word, Word] = Field(default={}, max_length=100)

    @model_validator(mode="after")
    def _small_enough(self) -> TableContract:
        if sum(math.prod(shape) for shape in self.shapes.values()) > MOST_NUMBERS:
            raise ValueError(f"shapes: more than {MOST_NUMBERS} numbers")
        return self


@dataclass(frozen=True, eq=False)
class Table:
    """Arrays and what they are."""

    contract: TableContract
    arrays: Mapping[str, np.ndarray]

    @classmethod
    def of(
        cls, name: str, arrays: Mapping[str, np.ndarray], meaning: str, words: Mapping[str, str] | None = None
    ) -> Table:
        """Arrays with the contract that their content gives; in single precision."""
        kept = {key: np.ascontiguousarray(array, np.float32) for key, array in sorted(arrays.items())}
        weights = f"{name.replace('.', '-')}.safetensors"
        with tempfile.TemporaryDirectory() as folder:
            sha256 = write_tensors(Path(folder) / weights, kept)
        shapes = {key: array.shape for key, array in kept.items()}
        contract = TableContract(
            name=name,
            weights=weights,
            sha256=sha256,
            shapes=shapes,
            meaning=meaning,
            words=dict(words or {}),
        )
        return cls(contract, kept)

    @classmethod
    def read(cls, folder: Path, contract: TableContract) -> Table:
        """Read the file and check its hash, names, shapes and that all numbers are finite.

        Raises:
            CalibrationError: one of these does not fit.
        """
        check_inside(folder, contract.weights, 4 * MOST_NUMBERS + 1_000_000)
        return cls(contract, read_tensors(folder, contract.weights, contract.sha256, contract.shapes))

    def write(self, folder: Path) -> None:
        """Write the file."""
        sha256 = write_tensors(folder / self.contract.weights, self.arrays)
        assert sha256 == self.contract.sha256, "arrays changed since the calibration was created"
