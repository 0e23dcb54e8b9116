"""Weights on disk: safetensors files that are checked in full before a number of theirs is used."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors.numpy

from hybridsim.errors import CalibrationError, listed
from hybridsim.networks.contract import REMEDY, NetworkContract
from hybridsim.networks.inference import Networks

# Room for the file's own header; chosen, because a network has at most 10 tensors of about 100 bytes each.
HEADER_BYTES = 65_536


def save_networks(folder: Path, networks: Networks) -> NetworkContract:
    """Write the weights beside a calibration and return the contract with file name and hash filled in."""
    name = f"{networks.contract.name}.safetensors"
    sha256 = write_tensors(folder / name, networks.tensors())
    return networks.contract.model_copy(update={"weights": name, "sha256": sha256})


def load_networks(folder: Path, contract: NetworkContract) -> Networks:
    """Networks from a calibration's folder, or a CalibrationError that names file, field and remedy."""
    tensors = read_tensors(folder, contract.weights, contract.sha256, contract.tensor_shapes())
    layers = range(len(contract.layer_sizes) - 1)
    return Networks(
        contract,
        tuple(tensors[f"weight_{n}"] for n in layers),
        tuple(tensors[f"bias_{n}"] for n in layers),
    )


def write_tensors(path: Path, tensors: Mapping[str, np.ndarray]) -> str:
    """Write a safetensors file in one piece, or not at all; returns its sha256."""
    content = packed(tensors)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise CalibrationError(
            f"{path}: cannot be written: {error.strerror}; make room and try again"
        ) from None
    finally:
        partial.unlink(missing_ok=True)
    return hashlib.sha256(content).hexdigest()


def packed(tensors: Mapping[str, np.ndarray]) -> bytes:
    """A safetensors file's content."""
    return safetensors.numpy.save({name: np.ascontiguousarray(t) for name, t in tensors.items()})


def read_tensors(
    folder: Path, name: str, sha256: str, shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, np.ndarray]:
    """Float32 tensors of exactly these names and shapes, finite, from a file of exactly this hash."""
    path = folder / name
    content = _content(folder, path, sum(4 * math.prod(shape) for shape in shapes.values()) + HEADER_BYTES)
    if (found := hashlib.sha256(content).hexdigest()) != sha256:
        raise CalibrationError(
            f"{path}: sha256 is {found}; the contract's field sha256 says {sha256}; {REMEDY}"
        )
    try:
        tensors = safetensors.numpy.load(content)
    except Exception as error:  # the parser's own error types differ by version
        raise CalibrationError(f"{path}: is no safetensors file ({error}); {REMEDY}") from None
    if set(tensors) != set(shapes):
        raise CalibrationError(f"{path}: holds {listed(tensors)}; expected {listed(shapes)}; {REMEDY}")
    for field, shape in shapes.items():
        _check(path, field, tensors[field], shape)
    return tensors


def _content(folder: Path, path: Path, most: int) -> bytes:
    if not path.resolve().is_relative_to(folder.resolve()):
        raise CalibrationError(f"{path}: field weights leads outside {folder}; {REMEDY}")
    if not path.is_file():
        raise CalibrationError(f"{path}: field weights names a file that is not there; {REMEDY}")
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise CalibrationError(f"{path}: cannot be read: {error.strerror}; check its permissions") from None
    if len(content) > most:
        raise CalibrationError(f"{path}: is larger than the {most} bytes that its contract allows; {REMEDY}")
    return content


def _check(path: Path, field: str, tensor: np.ndarray, shape: tuple[int, ...]) -> None:
    if tensor.dtype != np.float32:
        raise CalibrationError(f"{path}: {field} is {tensor.dtype}; expected float32; {REMEDY}")
    if tensor.shape != shape:
        raise CalibrationError(f"{path}: {field} has shape {tensor.shape}; expected {shape}; {REMEDY}")
    if not np.isfinite(tensor).all():
        raise CalibrationError(f"{path}: {field} holds NaN or infinity; expected finite weights; {REMEDY}")
