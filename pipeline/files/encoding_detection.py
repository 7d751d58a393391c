"""Which encoding a file has: by its byte order mark, by what the user says, or by its bytes.

UTF-8 is read without being asked for, and UTF-16, whose zero bytes tell it. What is neither is
named, not guessed: a wrong guess would score other characters than were written.
"""

import codecs
import re

from pipeline.errors import InvalidInput
from pipeline.files.encodings import Encoding

UTF_8 = Encoding("utf-8")
_UTF_16 = Encoding("utf-16-le", 2), Encoding("utf-16-be", 2)
_MARKED = (
    Encoding("utf-8", 1, codecs.BOM_UTF8),
    Encoding("utf-16-le", 2, codecs.BOM_UTF16_LE),
    Encoding("utf-16-be", 2, codecs.BOM_UTF16_BE),
)
_UTF_32 = codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE
_READ_AS_THEY_ARE = ("utf-8", "ascii", "cp949", "iso8859", "cp125", "koi8")
"""How the names of codecs begin in which structure stands out in single bytes."""
_SAME = {"utf-8-sig": "utf-8", "euc_kr": "cp949"}
"""Codecs with a superset; what is called EUC-KR mostly holds characters of CP949 too."""
_SUSPECTS = ("cp949", "johab")
_USUAL = re.compile(r"[가-힣ㄱ-ㅣ -~\t\r\n]")
_LEAST_USUAL = 0.8
"""Share of the characters by which an encoding is recognized; a wrong one gives far fewer."""


class OtherEncoding(InvalidInput):
    """Bytes that are not UTF-8, but read well in `codec`."""

    def __init__(self, message: str, codec: str) -> None:
        super().__init__(message)
        self.codec = codec


def known_codec(name: str) -> str:
    """Python's name of an encoding, in any spelling; raises InvalidInput where there is none."""
    try:
        codec = codecs.lookup(name.strip()).name
        b"a".decode(codec, "replace")
    except (LookupError, UnicodeError):
        raise InvalidInput(
            f"No encoding is called {name!r}. Korean files have utf-8, cp949, euc-kr or utf-16."
        ) from None
    return _SAME.get(codec, codec)


def find_encoding(beginning: bytes, given: str | None, name: str) -> Encoding:
    """The encoding of a file with these first bytes; `given` is what the user named.

    Raises InvalidInput for a name that Python does not know, OtherEncoding where the bytes are not
    UTF-8 but read well in another encoding, which the message names.
    """
    if beginning.startswith(_UTF_32):
        return Encoding("utf-8", original="utf-32")
    for encoding in _MARKED:
        if beginning.startswith(encoding.mark):
            return encoding
    found = _without_mark(beginning)
    if given is not None:
        return _named(known_codec(given), found, name)
    if found is None and _is_damaged_utf_8(beginning):
        found = UTF_8
    if found is None and (suspect := _suspect(beginning)):
        codec, sample = suspect
        raise OtherEncoding(
            f"{name} is not UTF-8. It reads well as {codec.upper()} ({sample}): if that is right, "
            f"give --encoding {codec}.",
            codec,
        )
    return found or UTF_8


def _named(codec: str, found: Encoding | None, name: str) -> Encoding:
    if codec == "utf-16":
        if found is None or found.unit == 1:
            raise InvalidInput(
                f"{name} does not begin with a byte order mark and does not look like UTF-16. "
                "Give utf-16-le or utf-16-be, or leave --encoding out."
            )
        return found
    if codec in ("utf-16-le", "utf-16-be"):
        return Encoding(codec, 2)
    if codec.startswith(_READ_AS_THEY_ARE):
        return Encoding(codec)
    return Encoding("utf-8", original=codec)


def _without_mark(beginning: bytes) -> Encoding | None:
    """UTF-16 where zero bytes stand as in it, UTF-8 where all is, else None."""
    if b"\0" in beginning:
        even = beginning[: len(beginning) // 2 * 2]
        shares = [_usual(even.decode(encoding.codec, "replace")) for encoding in _UTF_16]
        if max(shares) >= _LEAST_USUAL:
            return _UTF_16[shares.index(max(shares))]
    return UTF_8 if _decodes(beginning, "utf-8") else None


def _decodes(content: bytes, codec: str) -> bool:
    """Whether it is whole in this encoding, but for a character that is cut at its end."""
    try:
        codecs.getincrementaldecoder(codec)().decode(content)
    except UnicodeDecodeError:
        return False
    return True


def _is_damaged_utf_8(content: bytes) -> bool:
    """Whether lines that are not UTF-8 are the exception: these are rejected, all others read.

    The first line does not count: a header in ASCII says nothing of the lines below it.
    """
    lines = content.split(b"\n")[1:] or [content]
    wrong = sum(not _decodes(line, "utf-8") for line in lines)
    return wrong * 2 <= sum(map(bool, lines))


def _suspect(content: bytes) -> tuple[str, str] | None:
    """(Codec, a sample of the text) of the first encoding in which it makes sense."""
    for codec in _SUSPECTS:
        if _decodes(content, codec):
            text = content.decode(codec, "ignore")
            foreign = "".join(letter for letter in text if letter > "\x7f")
            if _usual(foreign) >= _LEAST_USUAL:
                return codec, " ".join(foreign[:12].split())
    return None


def _usual(text: str) -> float:
    """Share of the characters that nearly all Korean reviews consist of."""
    return len(_USUAL.findall(text)) / max(len(text), 1)
