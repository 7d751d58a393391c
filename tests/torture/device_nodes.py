"""What lies at the names that a run writes to: files, links, pipes, devices, what is planted."""

import os
import random
import socket
import stat
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

PRECIOUS = b"precious\n"
STRANGER = 12_345
NULL, FULL = os.makedev(1, 3), os.makedev(1, 7)
NO_DISK = os.makedev(7, 4_000)
"""A loop device that there is not, so that nothing could be lost behind it."""

FORMATS = ("csv", "tsv.gz", "jsonl", "parquet")


def _file(path: Path) -> None:
    path.write_bytes(b"of an earlier run\n")
    path.chmod(0o640)
    os.chown(path, STRANGER, STRANGER)


def _link(path: Path) -> None:
    _file(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def _link_to_nothing(path: Path) -> None:
    path.with_name("middle").symlink_to("nowhere")
    path.symlink_to("middle")


def _link_to_device(path: Path) -> None:
    os.mknod(path.with_name("null"), stat.S_IFCHR | 0o666, NULL)
    path.symlink_to("null")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(path))  # a long path would not fit


KINDS: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: None,
    "file": _file,
    "link": _link,
    "link to nothing": _link_to_nothing,
    "device": lambda path: os.mknod(path, stat.S_IFCHR | 0o666, NULL),
    "link to device": _link_to_device,
    "full device": lambda path: os.mknod(path, stat.S_IFCHR | 0o666, FULL),
    "pipe": os.mkfifo,
    "link to stdout": lambda path: path.symlink_to("/proc/self/fd/1"),
    "disk": lambda path: os.mknod(path, stat.S_IFBLK | 0o600, NO_DISK),
    "socket": _socket,
    "folder": Path.mkdir,
}
STREAMS = ("device", "link to device", "full device", "pipe", "link to stdout")
NO_OUTPUTS = ("disk", "socket", "folder")
REPORTS = ("", "nothing", "file", "link", "device", "pipe", "socket")
REJECTS = "OUT.rejects.jsonl"
SIDES = (
    *("OUT.partial", "OUT.journal", "OUT.lock", ".OUT.journal.new", "OUT.rejects.jsonl.partial"),
    *(REJECTS, "OUT.partial.parquet", "apart/.report.html.new"),
)
PLANTED: dict[str, Callable[[Path], object]] = {
    "planted link": lambda path: path.symlink_to(path.with_name("victim")),
    "planted hard link": lambda path: path.hardlink_to(path.with_name("victim")),
    "planted pipe": os.mkfifo,
    "planted file": _file,
}


@dataclass(frozen=True)
class Trial:
    """What lies at the output's name, at the report's (a kind, or none), and at a side file's."""

    output: str
    suffix: str
    report: str = ""
    has_rejects: bool = False
    side: str = ""
    planted: str = ""

    @property
    def name(self) -> str:
        """What the output is called."""
        return f"out.{self.suffix}"

    @property
    def is_refused(self) -> bool:
        """Whether nothing may be written at all."""
        if self.side == REJECTS:  # a finished file is replaced, whosever it is
            return self.planted in ("planted link", "planted pipe")
        is_no_file = self.output in STREAMS and self.suffix == "parquet"
        return is_no_file or bool(self.side) or bool({self.output, self.report} & {*NO_OUTPUTS})

    def lay_out(self, folder: Path) -> None:
        """Make all that is there before the run."""
        broken = "bad,2,3\n" * self.has_rejects
        (folder / "given.csv").write_text(f'text,n\n"굿, 최고",1\n{broken}별로,2\n')
        (folder / "apart").mkdir()
        for place in (folder, folder / "apart"):
            (place / "victim").write_bytes(PRECIOUS)
        KINDS[self.output](folder / self.name)
        KINDS[self.report or "nothing"](folder / "apart" / "report.html")
        if self.side:
            PLANTED[self.planted](folder / self.side.replace("OUT", self.name))

    @property
    def named(self) -> set[str]:
        """Files that the run may write, if what has their name is a file, or nothing."""
        targets = {"link": "elsewhere", "link to nothing": "nowhere"}
        output = targets.get(self.output, self.name)
        report = targets.get(self.report, "report.html")
        return {output, f"{output}.rejects.jsonl", f"apart/{report}"}


def trials() -> list[Trial]:
    """All of them."""
    kinds = [Trial(*of) for of in product(KINDS, FORMATS, REPORTS, (False, True))]
    planted = product(("nothing", "file"), ("csv", "parquet"), ("file",), (False, True), SIDES)
    return kinds + [Trial(*of, how) for of in planted for how in PLANTED]


def some_trials(count: int, seed: int) -> list[Trial]:
    """So many of them, drawn."""
    found = trials()
    return random.Random(seed).sample(found, min(count, len(found)))
