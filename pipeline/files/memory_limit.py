"""A limit on the memory that one step may take, where the system can set one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

READING_MEMORY = 192 * 2**20
"""Bytes that a step of reading a file of anybody's may take beyond what is taken already."""


@contextmanager
def memory_limit(size: int) -> Iterator[None]:
    """Let the process take at most `size` bytes more than it has; MemoryError in the body beyond.

    Only Linux has such a limit: elsewhere the body takes what it takes.
    """
    if sys.platform != "linux":
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    others = [limit for limit in before if limit != resource.RLIM_INFINITY]
    most = min([pages * resource.getpagesize() + size, *others])
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
