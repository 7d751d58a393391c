"""What a file is by its first bytes: compressed, Parquet, a spreadsheet, a page, or text."""

import gzip
import lzma
from typing import IO, Any

from pipeline.errors import InvalidInput
from pipeline.files import zstandard
from pipeline.files.formats import JSON, PARQUET, SPREADSHEETS, FileKind

MAGIC_BYTES = 512
"""As many as the decisions below look at."""

PLAIN = ""
"""The container of a file that is a text as it stands."""

_COMPRESSIONS = {b"\x1f\x8b": "gz", b"\x28\xb5\x2f\xfd": "zst", b"\xfd7zXZ\x00": "xz"}
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"
_PAGE = (b"<!doctype html", b"<html", b"<table", b"<meta")
_OTHERS = {b"%PDF": "a PDF", b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture"}


def compression_of(beginning: bytes) -> str | None:
    """The compression that these first bytes of a file are of, None for a plain one."""
    for magic, compression in _COMPRESSIONS.items():
        if beginning.startswith(magic):
            return compression
    return None


def decompressed(stored: IO[bytes], compression: str | None) -> Any:
    """The bytes of a stored file."""
    if compression == "gz":
        return gzip.GzipFile(fileobj=stored)
    if compression == "xz":
        return lzma.LZMAFile(stored)
    if compression == "zst":
        return zstandard.reader(stored)
    return stored


def container_of(beginning: bytes, kind: FileKind, name: str) -> str:
    """PARQUET, one of SPREADSHEETS, JSON, or PLAIN, by the first bytes of a decompressed file.

    `kind` is by its name, which tells JSON alone from other texts. Raises InvalidInput for what
    holds no reviews that can be read, or is something else than its format says.
    """
    found = _by_magic(beginning)
    for magic, what in _OTHERS.items():
        if beginning.startswith(magic):
            raise InvalidInput(f"{name} is {what}, not a file of reviews. Name another file.")
    if beginning[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGE):
        raise InvalidInput(
            f"{name} is a web page (HTML), whatever its name says. Open it in a spreadsheet "
            "program and save it as .csv or .xlsx."
        )
    if found == PLAIN and kind.format in (PARQUET, *SPREADSHEETS):
        what = "Parquet" if kind.format == PARQUET else "spreadsheet"
        raise InvalidInput(f"{name} is no {what} file by its first bytes. Get it anew.")
    return JSON if found == PLAIN and kind.format == JSON else found


def _by_magic(beginning: bytes) -> str:
    if beginning.startswith(b"PAR1"):
        return PARQUET
    if beginning.startswith(_OLE):
        return "xls"
    if beginning.startswith(_ZIP):
        return "ods" if _OPEN_DOCUMENT in beginning[:128] else "xlsx"
    return PLAIN
