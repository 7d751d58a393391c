"""What makes a process of ours fit for scoring many rows, alone or beside others."""

import gc


def settle() -> None:
    """Call when the handler is loaded, before the first row.

    What is there by now stays until the end: the garbage collector need not look through it again
    and again.
    """
    gc.freeze()
