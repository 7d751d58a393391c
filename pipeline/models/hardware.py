"""What a model may compute with."""

import os
from dataclasses import dataclass, replace
from typing import Self

AUTO, CPU, CUDA, MPS = "auto", "cpu", "cuda", "mps"
DEVICES = (AUTO, CPU, CUDA, MPS)
"""What may be asked for; AUTO is an accelerator where there is one for the model, else the CPU."""


def count_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share_of_cores(processes: int) -> int:
    """Threads for each of so many processes, unless OMP_NUM_THREADS says how many."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, int(told) if told.isdecimal() else count_cores() // processes)


@dataclass(frozen=True)
class Hardware:
    """Threads of the processor (None: one per core), and the device of a model that torch runs.

    `number`: which of several processes of this machine computes here. Each takes the accelerator
    of its number, round robin. `emulates`: a model in bf16 answers so even where that is slow.
    """

    threads: int | None = None
    device: str = AUTO
    number: int = 0
    emulates: bool = False

    @property
    def thread_count(self) -> int:
        """Threads of the processor, decided."""
        return self.threads or share_of_cores(1)

    def for_process(self, number: int) -> Self:
        """The same, for one of several processes."""
        return replace(self, number=number)


def texts_at_a_time(device: str) -> int:
    """How many texts to give a model that computes on this kind of device, between two looks."""
    return 1024 if device == CPU else 16_384


ALL = Hardware()
"""Every core, and an accelerator where there is one."""
