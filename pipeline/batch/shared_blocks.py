"""Memory that processes share, so that the bytes of chunks need not go through pipes.

A pipe takes 64 KiB at a time, each with a change of process: that is several milliseconds a chunk.
Should the process that made the blocks be killed, Python's resource tracker removes them.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from multiprocessing.shared_memory import SharedMemory

BLOCK_BYTES = 4 * 2**20
"""Several times a chunk; memory is taken as it is written to."""

MOST = 12
"""Together they fit into the 64 MiB that a container has, unless it is told otherwise."""

Laid = int | bytes
"""How many bytes lie in a block, or the bytes themselves where they did not fit."""


@contextmanager
def shared_blocks(count: int) -> Iterator[list[SharedMemory]]:
    """Give so many blocks, but MOST at the most; in the end they are gone."""
    with ExitStack() as stack:
        blocks = []
        for _ in range(min(count, MOST)):
            block = SharedMemory(create=True, size=BLOCK_BYTES)
            stack.callback(block.unlink)
            stack.callback(block.close)
            blocks.append(block)
        yield blocks


@cache
def attached(name: str) -> SharedMemory:
    """A block of another process, for as long as this one runs."""
    return SharedMemory(name)


def lay(content: bytes, block: SharedMemory | None) -> Laid:
    """Put bytes into a block if there is one and they fit."""
    memory = _bytes_of(block)
    if len(content) > len(memory):
        return content
    memory[: len(content)] = content
    return len(content)


def taken(laid: Laid, block: SharedMemory | None) -> bytes:
    """The bytes that were laid."""
    return laid if isinstance(laid, bytes) else bytes(_bytes_of(block)[:laid])


def _bytes_of(block: SharedMemory | None) -> memoryview:
    return block.buf if block and block.buf else memoryview(bytearray())
