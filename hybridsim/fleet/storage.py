"""How artefacts' storage is reached by URL, and what it says when something is wrong, on one line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import fsspec
from fsspec.spec import AbstractFileSystem

from hybridsim.errors import FleetError

S3 = ("s3", "s3a")
ATTEMPTS = 2
"""Of botocore's for a request; chosen, because s3fs repeats most of them up to five times itself."""
HINTS = {
    "NoCredentialsError": "expected AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
    "EndpointConnectionError": "AWS_ENDPOINT_URL says where the server is",
    "ConnectTimeoutError": "AWS_ENDPOINT_URL says where the server is",
    "ReadTimeoutError": "AWS_ENDPOINT_URL says where the server is",
}
"""What helps, by the names of botocore's errors, which need not be installed."""


def reach(root: str) -> tuple[AbstractFileSystem, str]:
    """Files of a kind of storage, and the path in it that a path or URL means; asks no server yet.

    Raises:
        FleetError: no such kind of URL here, or one without a bucket.
    """
    protocol = root.partition("://")[0]
    try:
        with clear(root):
            files, path = fsspec.url_to_fs(root, **_options(protocol))
    except ImportError as error:
        remedy = ": pip install 'hybridsim[s3]'" if protocol in S3 else ""
        raise FleetError(f"artefacts: {root}: {error}{remedy}") from None
    if not path:
        raise FleetError(f"artefacts: {root}: names no place; expected one such as s3://bucket/fleet")
    return files, path


@contextmanager
def clear(where: str) -> Iterator[None]:
    """Errors of the system and of any storage's library, on one line; those of our own making pass.

    Raises:
        FleetError: instead of them.
    """
    try:
        yield
    except Exception as error:
        if not _of_storage(error):
            raise
        raise FleetError(f"artefacts: {where}: {_said(error)}") from None


def _options(protocol: str) -> dict[str, Any]:
    """What s3fs is told; the rest it knows from the AWS_* variables."""
    if protocol not in S3 or "AWS_MAX_ATTEMPTS" in os.environ:
        return {}
    return {"config_kwargs": {"retries": {"mode": "standard", "total_max_attempts": ATTEMPTS}}}


def _of_storage(error: Exception) -> bool:
    """Each library has a base class of its own; a TypeError is a mistake in here."""
    home = type(error).__module__.partition(".")[0]
    return isinstance(error, OSError | ValueError) or home not in ("builtins", "hybridsim")


def _said(error: Exception) -> str:
    """In its words, with what helps."""
    words = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    hint = HINTS.get(type(error).__name__)
    return f"{words}; {hint}" if hint else words
