"""The Open Inference Protocol's binary tensor data: what stands behind the JSON of a body.

The elements are little-endian; one of type BYTES is its length in 4 bytes, then its bytes.
"""

import struct
from collections.abc import Iterable, Sequence

from pipeline.server.refusals import RequestRefused

HEADER_LENGTH = "Inference-Header-Content-Length"
"""The header that tells how long the JSON is, where binary data follow it."""

_LENGTH = struct.Struct("<I")


def split_body(body: bytes, header_length: str | None) -> tuple[bytes, bytes]:
    """The JSON of a body and the binary data behind it; raises RequestRefused.

    `header_length`: the value of HEADER_LENGTH; None if the whole body is JSON.
    """
    if header_length is None:
        return body, b""
    is_number = header_length.isascii() and header_length.isdigit() and len(header_length) < 16
    if not is_number or int(header_length) > len(body):
        raise _refused(f"{HEADER_LENGTH} is not the length of the JSON in this body.")
    return body[: int(header_length)], body[int(header_length) :]


def unpack_texts(data: bytes) -> list[str]:
    """The elements of a tensor of type BYTES, as text; raises RequestRefused."""
    texts: list[str] = []
    start = 0
    while start < len(data):
        begin = start + _LENGTH.size
        if begin > len(data):
            raise _refused("The binary data end within the length of an element.")
        (length,) = _LENGTH.unpack_from(data, start)
        start = begin + length
        if start > len(data):
            raise _refused("The binary data end within an element.")
        texts.append(_decode(data[begin:start]))
    return texts


def _decode(element: bytes) -> str:
    try:
        return element.decode("utf-8")
    except UnicodeDecodeError:
        raise _refused("An element of the binary data is not UTF-8.") from None


def pack_texts(texts: Iterable[str]) -> bytes:
    """Texts as the elements of a tensor of type BYTES."""
    elements = [text.encode() for text in texts]
    return b"".join(_LENGTH.pack(len(element)) + element for element in elements)


def pack_floats(numbers: Sequence[float]) -> bytes:
    """Numbers as the elements of a tensor of type FP64."""
    return struct.pack(f"<{len(numbers)}d", *numbers)


def _refused(message: str) -> RequestRefused:
    return RequestRefused(400, "bad_binary_data", message)
