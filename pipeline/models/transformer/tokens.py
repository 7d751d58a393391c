"""Turning texts into token ids, and ids into batches."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ArtifactRefused

Ids = Sequence[Sequence[int]]


class TextEncoder:
    """A tokenizer of the library `tokenizers` that cuts at `max_tokens`, special tokens included.

    `content` is the bytes of its tokenizer.json; raises ArtifactRefused where they cannot be read.
    """

    def __init__(self, content: bytes, max_tokens: int) -> None:
        from tokenizers import Tokenizer

        try:
            self._tokenizer = Tokenizer.from_str(content.decode())
        except Exception as error:  # the library raises no narrower one
            raise ArtifactRefused(f"The tokenizer cannot be read: {error}.") from None
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens)

    def encode(self, cleaned: Sequence[str]) -> list[list[int]]:
        """Token ids of each cleaned text."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(cleaned))]

    def known(self, cleaned: Sequence[str]) -> NDArray[np.float64]:
        """Share of each text's tokens that are not the unknown token, shape (n,)."""
        unknown = getattr(self._tokenizer.model, "unk_token", None) or "<unk>"
        number = self._tokenizer.token_to_id(unknown)
        ids = self.encode(cleaned)
        return np.array([1 - sum(token == number for token in row) / len(row) for row in ids])


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


def pad(ids: Ids, filler: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids padded with `filler`, and a mask that is 1 for tokens and 0 for fillers; (n, longest)."""
    lengths = np.array([len(row) for row in ids])
    mask = np.arange(lengths.max()) < lengths[:, None]
    padded = np.full(mask.shape, filler, dtype=np.int64)
    padded[mask] = np.concatenate(ids)
    return padded, mask.astype(np.int64)
