"""The encoding of a file: bytes to text, and where in the bytes its structure is.

Records are found in bytes, not in characters, so that offsets are those of the file and a wrong
byte costs one record. In the encodings that are read as they stand no line end, quote or delimiter
is ever a part of another character; UTF-16 is looked at in units of two bytes. Any other encoding
is converted to UTF-8 first.
"""

import re
from dataclasses import dataclass

_DAMAGE = re.compile("[\ud800-\udfff]")
_NOT_ASCII = 0x7F


@dataclass(frozen=True)
class Encoding:
    """A codec, the bytes of one code unit, and the byte order mark that the file begins with.

    `original`: the codec of a file that is converted to UTF-8 while it is read, else None.
    """

    codec: str
    unit: int = 1
    mark: bytes = b""
    original: str | None = None

    @property
    def name(self) -> str:
        """What messages call it."""
        return (self.original or self.codec).removesuffix("-le").removesuffix("-be").upper()

    def structure(self, content: bytes) -> bytes:
        """One byte a code unit: ASCII as it is; in UTF-16, all else as a character of no meaning.

        Half a unit at the end counts as one.
        """
        if self.unit == 1:
            return content
        import numpy as np  # not above: the help of commands loads it not

        units = np.frombuffer(content[: len(content) // 2 * 2], self._unit_type)
        ascii_only: bytes = np.minimum(units, _NOT_ASCII).astype(np.uint8).tobytes()
        return ascii_only + b"\x7f" * (len(content) % 2)

    @property
    def _unit_type(self) -> str:
        return "<u2" if self.codec.endswith("le") else ">u2"

    def decode(self, content: bytes) -> tuple[str, bool]:
        """Return (text, whether it is whole); what is damaged stands in it as lone surrogates."""
        try:
            return content.decode(self.codec), True
        except UnicodeDecodeError:
            if self.unit == 1:
                return content.decode(self.codec, "surrogateescape"), False
        if len(content) % 2:  # half a unit at the end of the file: any lone surrogate will do
            content = content[:-1] + "\udc00".encode(self.codec, "surrogatepass")
        return content.decode(self.codec, "surrogatepass"), False

    def size(self, text: str) -> int:
        """Bytes of a text that `decode` gave."""
        errors = "surrogateescape" if self.unit == 1 else "surrogatepass"
        return len(text.encode(self.codec, errors))

    def damage(self, text: str) -> str | None:
        """What is wrong with a text that `decode` gave, None if nothing is."""
        found = _DAMAGE.search(text)
        if found is None:
            return None
        place = self.size(text[: found.start()]) + 1
        what = f"{ord(found[0]) - 0xDC00:#04x}" if self.unit == 1 else "pair"
        return f"byte {place} of the row, {what}, is not {self.name}. {self.advice}"

    @property
    def advice(self) -> str:
        """How to fix it."""
        if self.codec == "utf-8":
            return "Korean Excel writes CP949: try --encoding cp949."
        return "Is it another encoding? Name it with --encoding."
