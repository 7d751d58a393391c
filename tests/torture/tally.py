"""Counting what became of each attempt, and printing the counts as a table."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pipeline.errors import ArtifactRefused

COLUMNS = ("tried", "refused", "loaded", "other exceptions", "code executions")
SHOWN = 10


@dataclass
class Tally:
    """Counts of a harness. Refusals are what is wanted; `loaded_is_fine` where data may load too.

    `problems` says what went wrong, attempt by attempt; `executions` counts runs of foreign code.
    """

    name: str
    loaded_is_fine: bool = False
    tried: int = 0
    refused: int = 0
    loaded: int = 0
    executions: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing happened that must not."""
        return not (self.problems or self.executions) and (self.loaded_is_fine or not self.loaded)

    def attempt(self, label: str, load: Callable[[], object]) -> None:
        """Try to load something; only ArtifactRefused may come of it."""
        self.tried += 1
        try:
            load()
        except ArtifactRefused as error:
            self.refuse(label, error)
        except Exception as error:
            self.problems.append(f"{label}: {type(error).__name__}: {error}")
        else:
            self.load(label)

    def refuse(self, label: str, error: ArtifactRefused) -> None:
        """A refusal, unless it only came when memory was used up."""
        if "MemoryError" in str(error):
            self.problems.append(f"{label}: used up the memory")
        else:
            self.refused += 1

    def load(self, label: str) -> None:
        """It loaded."""
        self.loaded += 1
        if not self.loaded_is_fine:
            self.problems.append(f"{label}: loaded")

    def add(self, other: "Tally") -> None:
        """Take in the counts of a part."""
        self.tried += other.tried
        self.refused += other.refused
        self.loaded += other.loaded
        self.executions += other.executions
        self.problems += other.problems

    def row(self) -> list[str]:
        """Its cells, beginning with the name."""
        others = len([problem for problem in self.problems if not problem.endswith(": loaded")])
        counts = (self.tried, self.refused, self.loaded, others, self.executions)
        return [self.name, *(f"{count:,}" for count in counts)]


def table(head: Iterable[str], rows: Iterable[list[str]]) -> str:
    """A Markdown table, the first column to the left."""
    cells = [list(head), *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = [
        " | ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in cells
    ]
    rule = " | ".join(["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])])
    return "\n".join(f"| {line} |" for line in [lines[0], rule, *lines[1:]])


def report(tallies: Iterable[Tally]) -> bool:
    """Print a table of the counts and then all problems; return whether all is clean."""
    tallies = list(tallies)
    print(table(("what", *COLUMNS), [tally.row() for tally in tallies]), flush=True)
    for tally in tallies:
        for problem in tally.problems[:SHOWN]:
            print(f"  {tally.name}: {problem}")
    return all(tally.is_clean for tally in tallies)
