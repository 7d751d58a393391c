"""Zstandard by the module that Python has from 3.14 on, and its backport before."""

import sys
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING or sys.version_info < (3, 14):
    from backports import zstd
else:
    from compression import zstd

DAMAGED = (zstd.ZstdError,)


def reader(stored: IO[bytes]) -> Any:
    """The bytes that all frames of a file hold."""
    return zstd.ZstdFile(stored)


def compress(content: bytes) -> bytes:
    """One frame with a checksum."""
    return zstd.compress(content, options={int(zstd.CompressionParameter.checksum_flag): 1})
