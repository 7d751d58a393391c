"""Turning texts into token ids, and ids into batches."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.models.transformer.libraries import needs_extra
from pipeline.models.transformer.refusing import refusing
from pipeline.models.transformer.tokenizer_limits import check_tokenizer_content

Ids = Sequence[Sequence[int]]


def limit_threads(count: int) -> None:
    """Tokenize with so many threads in this process, unless RAYON_NUM_THREADS says how many.

    The library knows no other way, and asks once, when it tokenizes the first list.
    """
    os.environ.setdefault("RAYON_NUM_THREADS", str(count))


class TextEncoder:
    """A tokenizer of the library `tokenizers` that cuts at `max_tokens`, special tokens included.

    `content` is the bytes of its tokenizer.json; raises ArtifactRefused where they cannot be read,
    ModelMissing without the library. Without `max_tokens` nothing is cut.
    """

    def __init__(self, content: bytes, max_tokens: int | None = None) -> None:
        with needs_extra("onnx"):
            from tokenizers import Tokenizer

        check_tokenizer_content(content)
        with refusing("The tokenizer cannot be read"):
            self._tokenizer = Tokenizer.from_str(content.decode())
            self._tokenizer.no_padding()
            self._tokenizer.no_truncation()
            if max_tokens is not None:
                self._tokenizer.enable_truncation(max_tokens)

    def encode(self, cleaned: Sequence[str]) -> list[list[int]]:
        """Token ids of each cleaned text."""
        return [encoding.ids for encoding in self._encode(list(cleaned), True)]

    def known(self, cleaned: Sequence[str]) -> NDArray[np.float64]:
        """Share of each text's tokens that are not the unknown token, shape (n,)."""
        number = self._unknown()
        ids = self.encode(cleaned)
        return np.array([1 - sum(token == number for token in row) / len(row) for row in ids])

    def unknown_words(self, cleaned: Sequence[str]) -> float:
        """Share of the texts' words that hold an unknown token.

        Of words, as a word is one token in one vocabulary and a dozen in another.
        """
        number, words = self._unknown(), " ".join(cleaned).split()
        rows = self._encode(words, False)
        return sum(number in row.ids for row in rows) / max(len(words), 1)

    def vocabulary(self) -> dict[str, int]:
        """Each token that the tokenizer can give, and its id."""
        tokens: dict[str, int] = self._tokenizer.get_vocab(with_added_tokens=True)
        return tokens

    def _encode(self, texts: list[str], add_special_tokens: bool) -> list[Any]:
        with refusing("The tokenizer cannot read a text"):
            found: list[Any] = self._tokenizer.encode_batch_fast(
                texts, add_special_tokens=add_special_tokens
            )
        return found

    def _unknown(self) -> int | None:
        unknown = getattr(self._tokenizer.model, "unk_token", None) or "<unk>"
        number: int | None = self._tokenizer.token_to_id(unknown)
        return number


def equal_length_batches(ids: Ids, tokens: int) -> Iterator[NDArray[np.intp]]:
    """Yield the row numbers of batches of rows of equal length, with at most `tokens` tokens each.

    No padding is needed, so a row's answer does not depend on its neighbours' lengths, and no work
    goes into padding. A single row may be longer than `tokens`.
    """
    lengths = np.array([len(row) for row in ids], dtype=np.intp)
    order = np.argsort(lengths, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1):
        size = max(tokens // lengths[group[0]], 1) if group.size else 1
        yield from (group[start : start + size] for start in range(0, group.size, size))


def similar_length_batches(ids: Ids, tokens: int) -> Iterator[NDArray[np.intp]]:
    """Yield the row numbers of batches of rows of similar length, the longest rows first.

    Padded, a batch has at most `tokens` tokens, but for a single row that is longer.
    """
    lengths = np.array([len(row) for row in ids], dtype=np.intp)
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < order.size:
        size = max(tokens // max(lengths[order[start]], 1), 1)
        yield order[start : start + size]
        start += size


def pad(ids: Ids, filler: int, multiple: int = 1) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids padded with `filler`, and a mask that is 1 for tokens and 0 for fillers; (n, longest).

    The longest row is filled up to a multiple of this many tokens, too.
    """
    return fill(np.concatenate(ids), np.array([len(row) for row in ids]), filler, multiple)


def fill(
    flat: NDArray[np.int64], lengths: NDArray[np.intp], filler: int, multiple: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Like `pad`, for rows of these lengths that follow each other in `flat`."""
    longest = -(-lengths.max() // multiple) * multiple
    mask = np.arange(longest) < lengths[:, None]
    padded = np.full(mask.shape, filler, dtype=np.int64)
    padded[mask] = flat
    return padded, mask.astype(np.int64)
