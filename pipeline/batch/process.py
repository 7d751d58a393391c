"""What makes a process of ours fit for scoring many rows."""

import gc
import os


def settle() -> None:
    """Call when the handler is loaded, before the first row.

    What is there by now stays until the end: the garbage collector need not look through it again
    and again. Arrow, if it is loaded later on, gives memory back at once (a setting of its own that
    the user may have made otherwise).
    """
    gc.freeze()
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
