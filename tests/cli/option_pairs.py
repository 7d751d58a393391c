"""Runs of a command with a pair of its options, and what shows that an option was used."""

import os
import re
import resource
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import click
from click.testing import CliRunner

from cli.main import COMMANDS, main

REFUSALS = (2, 3, 4, 5)
"""Exit codes of a command that says what a user can fix."""
_VARIES = re.compile(r"[\d,]+ rows/s|(?m:^(run|seconds) .*)|p\d+ [\d.]+ ms")


@dataclass(frozen=True)
class Ran:
    """How a command ended in `folder`, which was empty but for its inputs."""

    arguments: tuple[str, ...]
    folder: Path
    code: int
    stdout: bytes
    stderr: str
    had_children: bool

    @property
    def text(self) -> str:
        return self.stdout.decode("utf-8", "replace")

    def names(self, option: "Option") -> bool:
        """Whether its message names the option, or what it is called otherwise."""
        flags = (*option.flags, *option.named)
        return any(
            re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", self.stderr) for flag in flags
        )

    @cached_property
    def outcome(self) -> tuple[int, str, str]:
        """What must differ where an option makes a difference; places and times are left out."""
        shown = (
            _VARIES.sub("", part).replace(str(self.folder), "") for part in (self.text, self.stderr)
        )
        return (self.code, *shown)  # type: ignore[return-value]


NOTHING: Mapping[str, Sequence[str]] = {}

Seen = Callable[[Ran], bool]


@dataclass(frozen=True)
class Option:
    """A way to give an option, and what shows that it was used.

    `name` is the parameter's, `arguments` hold its flag, or stand behind it in its place. Either
    `seen` tells from a run whether it was used, or the run comes out otherwise with `other` in
    place of `arguments`: nothing, or a value that does not fit. `traits`: what the input must be
    like; `needs`: options without which it means nothing. `is_seen_later`: only a long
    run shows its use (`test_options_at_once`). `named`: other words for it in messages.
    """

    name: str
    arguments: tuple[str, ...]
    seen: Seen | None = None
    other: tuple[str, ...] = ()
    traits: frozenset[str] = frozenset()
    needs: tuple["Option", ...] = ()
    is_seen_later: bool = False
    flags: tuple[str, ...] = ()
    named: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return " ".join(self.arguments)


def option(
    arguments: str | Sequence[str],
    name: str,
    seen: Seen | None = None,
    *,
    other: Sequence[str] = (),
    traits: str = "",
    needs: Sequence[Option] = (),
    named: Sequence[str] = (),
    later: bool = False,
) -> Option:
    """An option by its arguments, in one text where none of them holds a space."""
    parts = tuple(arguments.split() if isinstance(arguments, str) else arguments)
    return Option(
        name,
        parts,
        seen,
        tuple(other),
        frozenset(traits.split()),
        tuple(needs),
        later,
        named=tuple(named),
    )


@dataclass(frozen=True)
class Table:
    """The options of a command, and how it is run.

    `prepare(folder, traits, names)` makes the inputs and gives the arguments that stand before the
    options; `places` fill the braces in arguments. `code` is the exit code of a run in which all
    went as it should: a training may end early, for want of reviews, when all has been read.
    """

    command: str
    options: tuple[Option, ...]
    prepare: Callable[[Path, frozenset[str], frozenset[str]], list[str]]
    places: Mapping[str, Path] = field(default_factory=dict)
    code: int = 0

    @cached_property
    def complete(self) -> tuple[Option, ...]:
        """The options with the names of their flags."""
        flags = {p.name: (*p.opts, *p.secondary_opts) for p in options_of(self.command)}
        return tuple(replace(one, flags=flags[one.name]) for one in self.options)

    def run(
        self, folder: Path, given: Sequence[Option], instead: Mapping[str, Sequence[str]] = NOTHING
    ) -> Ran:
        """Run it with these options; `instead`: other arguments for some, by their names."""
        folder.mkdir(parents=True)
        traits = frozenset(trait for one in given for trait in one.traits)
        arguments = self.prepare(folder, traits, frozenset(one.name for one in given))
        for one in given:
            arguments += instead.get(one.name, one.arguments)
        filled = [argument.format(**self.places) for argument in arguments]
        here, before = Path.cwd(), _faults_of_children()
        os.chdir(folder)
        try:
            done = CliRunner().invoke(main, [*self.command.split(), *filled])
        finally:
            os.chdir(here)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        had_children = _faults_of_children() > before
        return Ran(
            tuple(filled), folder, done.exit_code, done.stdout_bytes, done.stderr, had_children
        )

    def problems(self, folder: Path, *options: Option, bare: bool = False) -> list[str]:
        """What is wrong with a run of these: nothing where each is used, or one is refused.

        `bare`: without what they need.
        """
        asked = {one.name: one for one in options}.values()
        given = list(asked) if bare else with_needs(asked)
        ran = self.run(folder / "all", given)
        if ran.code in REFUSALS and any(map(ran.names, given)):
            return []
        if ran.code != self.code:
            return [f"{show(ran)}\n  is neither done nor a refusal that names an option"]
        unused = [one for one in asked if not self._is_used(folder, one, ran, given)]
        return [f"{show(ran)}\n  {one.id} was ignored" for one in unused]

    def _is_used(self, folder: Path, one: Option, ran: Ran, given: Sequence[Option]) -> bool:
        if one.is_seen_later:
            return True
        if one.seen is not None:
            return one.seen(ran)
        other = self.run(folder / f"without-{one.name}", given, {one.name: one.other})
        return other.outcome != ran.outcome

    def is_told_apart(self, folder: Path, one: Option) -> bool:
        """Whether `seen` is false of a run without the option: else it would show nothing."""
        if one.seen is None or one.is_seen_later:
            return True
        return not one.seen(self.run(folder, with_needs([one]), {one.name: one.other}))


def _faults_of_children() -> int:
    """Page faults of all processes that were started and have ended: each has some."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt


def with_needs(given: Iterable[Option]) -> list[Option]:
    """These options and what they need, of each name once."""
    found = {one.name: one for one in given}
    for one in list(found.values()):
        for needed in one.needs:
            found.setdefault(needed.name, needed)
    return list(found.values())


def show(ran: Ran) -> str:
    return f"{' '.join(ran.arguments)}\n  ended with {ran.code}: {ran.stderr.strip()[-300:]}"


def options_of(command: str) -> list[click.Option]:
    """The options of a command, or of one in a group: `artifacts use`."""
    context, found = click.Context(main), main
    for name in command.split():
        assert isinstance(found, click.Group)
        found = found.get_command(context, name)  # type: ignore[assignment]
    return [one for one in found.params if isinstance(one, click.Option)]


def all_commands() -> list[str]:
    """The names of the commands, those of a group behind its name."""
    names: list[str] = []
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)  # type: ignore[attr-defined]
        inner = list(command.commands) if isinstance(command, click.Group) else []
        names += [f"{name} {one}" for one in inner] or [name]
    return names
