"""The elements of a JSON array, one after the other, of which only a part is in memory."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import IO, Any, cast

from pipeline.files.windows import Window

LARGEST_ELEMENT = 16 * 2**20
"""Characters, after which it is given up to look for the element's end."""

BLOCK = 2**20

decoder = json.JSONDecoder(parse_constant=lambda _: None)  # NaN is no JSON
_SPACE = re.compile(r"[ \t\n\r]*")


class JsonText:
    """The text of a document from a place on, which moves as it is read.

    All raise ValueError where it is no JSON, or not in the encoding that it begins in.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._window = Window(stream)
        encoding = json.detect_encoding(self._window.look(4)[0])
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
        self._text, self._place, self._is_end = "", 0, False

    def peek(self) -> str:
        """The next character that is no white space; "" at the end."""
        while True:
            self._place = cast(re.Match[str], _SPACE.match(self._text, self._place)).end()
            if self._place < len(self._text) or self._is_end:
                return self._text[self._place : self._place + 1]
            self._read_on()

    def elements(self) -> Iterator[Any]:
        """The elements of the array that begins here, behind which nothing may be."""
        separator, number = "[", 0
        self._place += 1
        if self.peek() == "]":
            separator = "]"
            self._place += 1
        while separator != "]":
            number += 1
            yield self._element(number)
            separator = self.peek()
            if separator not in (",", "]"):
                raise ValueError(f"no comma behind element {number}")
            self._place += 1
            self.peek()
        if self.peek():
            raise ValueError("more behind its end")

    def rest(self, largest: int) -> str:
        """All that is left; MemoryError if that is more than `largest` bytes."""
        content, is_whole = self._window.look(largest)
        if not is_whole:
            raise MemoryError
        self._window.skip(len(content))
        return self._text[self._place :] + self._decoder.decode(content, final=True)

    def _element(self, number: int) -> Any:
        while True:
            try:
                element, self._place = decoder.raw_decode(self._text, self._place)
                return element
            except json.JSONDecodeError as error:  # or not all of it is there
                if self._is_end:
                    raise ValueError(f"element {number}: {error.msg}") from None
                if len(self._text) - self._place > LARGEST_ELEMENT:
                    size = f"{LARGEST_ELEMENT // 2**20} million characters"
                    raise ValueError(f"element {number} does not end within {size}") from None
                self._read_on()

    def _read_on(self) -> None:
        """Have more of the text, without what lies behind."""
        block = self._window.read(BLOCK)
        self._is_end = not block
        behind = self._decoder.decode(block, final=self._is_end)
        self._text, self._place = self._text[self._place :] + behind, 0
