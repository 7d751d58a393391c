"""The command lines that the documentation shows, and what it says they print."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from inspect import unwrap
from pathlib import Path

import click

from tests.support.paths import ROOT

SHELL = {"sh", "bash"}
SESSION = "console"
PYTHON = "python"
COMMAND_LINE = "command line"
"""The property under which a test tells of each of them whether it was run or is marked."""
NO_COMMANDS = {"text", "nginx"}
"""Languages of blocks that nobody types into a shell."""

_FENCE = re.compile(r" *```(\S*)$")

Numbered = tuple[int, str]


@dataclass(frozen=True)
class Line:
    """A command as it is typed; `shown` is what stands below it as its output, if anything does."""

    number: int
    command: str
    shown: str | None = None


@dataclass(frozen=True)
class Document:
    """A page, or the examples of a command's help, from top to bottom."""

    name: str
    source: str
    lines: tuple[Line, ...]


def read_page(path: Path) -> Document:
    """The commands in the fenced blocks of a Markdown page."""
    name = str(path.relative_to(ROOT))
    return Document(name, name, tuple(_lines(path.read_text(encoding="utf-8"), name)))


def _lines(text: str, name: str) -> Iterator[Line]:
    for language, block in _blocks(text):
        if language in SHELL:
            yield from _statements(block)
        elif language == SESSION:
            yield from _session(block)
        elif language == PYTHON:
            code = "\n".join(text for _, text in block)
            yield Line(block[0][0], f"python - <<'PYTHON'\n{code}\nPYTHON")
        elif language not in NO_COMMANDS:
            raise ValueError(f"{name}:{block[0][0]}: say which language this block is in.")


def _blocks(text: str) -> Iterator[tuple[str, list[Numbered]]]:
    language, block = None, list[Numbered]()
    for number, line in enumerate(text.splitlines(), 1):
        fence = _FENCE.match(line)
        if fence and language is None:
            language, block = fence[1], []
        elif fence:
            yield language or "", block
            language = None
        elif language is not None:
            block.append((number, line))


def _statements(block: Iterable[Numbered]) -> Iterator[Line]:
    """Whole statements: a line and those that continue it. Comments alone are none."""
    begun: list[Numbered] = []
    for number, text in block:
        if not begun and (not text.strip() or text.lstrip().startswith("#")):
            continue
        begun.append((number, text))
        command = "\n".join(text for _, text in begun)
        if _is_whole(command):
            yield Line(begun[0][0], command)
            begun = []
    if begun:
        yield Line(begun[0][0], "\n".join(text for _, text in begun))


def _is_whole(command: str) -> bool:
    parsed = subprocess.run(["bash", "-n"], input=command.encode(), capture_output=True)
    return parsed.returncode == 0 and not parsed.stderr and not command.endswith("\\")


def _session(block: Iterable[Numbered]) -> Iterator[Line]:
    """Commands after `$ `, continued after `> `, each with the output below it."""
    typed: list[tuple[int, list[str], list[str]]] = []
    for number, text in block:
        if text.startswith("$ "):
            typed.append((number, [text[2:]], []))
        elif text.startswith("> ") and not typed[-1][2]:
            typed[-1][1].append(text[2:])
        else:
            typed[-1][2].append(text)
    for number, command, shown in typed:
        yield Line(number, "\n".join(command), "\n".join(shown))


def read_helps(command: click.Command, path: str) -> Iterator[Document]:
    """The examples in the help of a command and of all commands below it."""
    callback = unwrap(command.callback) if command.callback else None  # of @click.pass_context
    if callback and (lines := tuple(_examples(command, Path(callback.__code__.co_filename)))):
        source = Path(callback.__code__.co_filename).relative_to(ROOT)
        yield Document(f"{path} --help", str(source), lines)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below
            yield from read_helps(below, f"{path} {name}")


def _examples(command: click.Command, source: Path) -> Iterator[Line]:
    """All that stands below `Examples:`, up to an empty line."""
    examples = (command.help or "").partition("Examples:\n")[2].partition("\n\n")[0]
    written = [line.strip() for line in source.read_text(encoding="utf-8").splitlines()]
    for example in filter(None, map(str.strip, examples.splitlines())):
        yield Line(written.index(example) + 1, example)


def as_pattern(shown: str) -> re.Pattern[str]:
    """What is printed must match what is shown, where … stands for anything within a line."""
    return re.compile("[^\n]*".join(map(re.escape, shown.strip().split("…"))))
