"""The beginning of a text file, decoded, for deciding its shape."""

import codecs
import re
from dataclasses import dataclass, replace
from functools import cached_property

from pipeline.files.containers import PLAIN
from pipeline.files.encoding_detection import UTF_8, find_encoding
from pipeline.files.encodings import Encoding
from pipeline.files.layouts import Layout
from pipeline.files.sniffing import text_delimiter

SAMPLE_BYTES = 2**16

_QUOTED = re.compile(r'(?:\A|(?<=[\r,;|\t]))"[^"]*+(?:""[^"]*+)*+(?:"|\Z)')


@dataclass(frozen=True)
class Sample:
    """The text that a file begins with.

    `is_whole`: nothing is behind it. `packed` holds what is known of the file's layout before its
    text is looked at.
    """

    text: str
    is_whole: bool
    packed: Layout

    @cached_property
    def lines(self) -> list[str]:
        """Whole lines that are not blank, without their ends."""
        lines = self.text.split("\n")
        if not self.is_whole and len(lines) > 1:
            lines.pop()
        return [bare for line in lines if (bare := line.removesuffix("\r")).strip()]

    @cached_property
    def delimiter(self) -> str | None:
        """Of a text that does not say what it is; see `sniffing.text_delimiter`."""
        return text_delimiter(self.lines, self.name)

    @property
    def given_format(self) -> str:
        """By the user or by the file's name, "" if neither tells."""
        return self.packed.format

    @property
    def name(self) -> str:
        """What messages call the file."""
        return self.packed.name

    @property
    def encoding(self) -> Encoding:
        """Of the file."""
        return self.packed.encoding

    def layout(
        self, kind: str, columns: tuple[str, ...], text_column: str | None, head: str = ""
    ) -> Layout:
        """A layout of the file; `head`: the text before the first row."""
        return replace(
            self.packed,
            format=kind,
            columns=columns,
            text_column=text_column,
            head=len(self.encoding.mark) + self.encoding.size(head),
            head_lines=head.count("\n"),
        )


def take_sample(content: bytes, is_whole: bool, given: str | None, packed: Layout) -> Sample:
    """Decode the first bytes of a text. `given`: the encoding that the user named.

    Raises InvalidInput for an encoding that is unknown or that the bytes are not in.
    """
    encoding = UTF_8
    if packed.container == PLAIN:
        encoding = find_encoding(content, given, packed.name)
    body = content[len(encoding.mark) :]
    if encoding.original is not None:
        body = body.decode(encoding.original, "replace").encode()
    text, _ = encoding.decode(body)
    returns = _has_lone_returns(text)
    if returns and encoding.unit > 1:  # a byte is no character: converted, it is one
        mark = codecs.BOM_UTF8 if encoding.mark else b""
        encoding = Encoding("utf-8", mark=mark, original=encoding.codec)
    packed = replace(packed, encoding=encoding, has_lone_returns=returns)
    return Sample(text.replace("\r", "\n") if returns else text, is_whole, packed)


def _has_lone_returns(text: str) -> bool:
    """Whether CR alone ends lines, whatever the fields in quotes hold."""
    bare = _QUOTED.sub("", text) if "\r" in text else ""
    return "\r" in bare and "\n" not in bare
