"""Memory that a process shares with those it forks, so that chunks need not go through pipes.

A pipe takes 64 KiB at a time, each with a change of process: that is several milliseconds a chunk.
The memory has no name, so that nothing of it is left once the last of the processes has ended, not
even if all of them are killed.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from mmap import mmap

BLOCK_BYTES = 4 * 2**20
"""Several times a chunk; memory is taken as it is written to."""

MOST = 12
"""Together they are 48 MiB, however many processes there are."""

Laid = int | bytes
"""How many bytes lie in a block, or the bytes themselves where they did not fit."""


@contextmanager
def shared_blocks(count: int) -> Iterator[list[mmap]]:
    """Give so many blocks, but MOST at the most, to be shared with processes forked from now on."""
    with ExitStack() as stack:
        yield [stack.enter_context(mmap(-1, BLOCK_BYTES)) for _ in range(min(count, MOST))]


def lay(content: bytes, block: mmap | None) -> Laid:
    """Put bytes into a block if there is one and they fit."""
    if block is None or len(content) > len(block):
        return content
    block[: len(content)] = content
    return len(content)


def taken(laid: Laid, block: mmap | None) -> bytes:
    """The bytes that were laid."""
    if isinstance(laid, bytes):
        return laid
    return block[:laid] if block else b""
