"""What makes a process of ours fit for scoring many rows, alone or beside others."""

import gc
import os


def settle() -> None:
    """Call when the handler is loaded, before the first row.

    What is there by now stays until the end: the garbage collector need not look through it again
    and again.
    """
    gc.freeze()


def count_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share_of_cores(processes: int) -> int:
    """Threads for each of so many processes, unless OMP_NUM_THREADS says how many."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, int(told) if told.isdecimal() else count_cores() // processes)
