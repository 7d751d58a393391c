"""Each harness against the bugs planted for it: every one must be found."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from tests.support.tiny_models import make_model
from tests.torture import deep_bombs, devices, faults, hostile_answers, hubs, tables
from tests.torture.environment import FOUND, try_surroundings
from tests.torture.flips import flip_all
from tests.torture.hostile import load_hostile
from tests.torture.hostile_folders import load_forged
from tests.torture.kills import kill_all
from tests.torture.mutants import mutate_many
from tests.torture.planted import load_unverified
from tests.torture.small import Small
from tests.torture.store_commands import BUGS
from tests.torture.store_races import race_all
from tests.torture.watching import apart

Check = Callable[[Small, Path], bool]
"""Whether a harness finds its bug; it is given an artifact and an empty folder."""


def find_planted(small: Small, scratch: Path) -> bool:
    """Print of each bug whether it is found; return whether all are."""
    are_found = True
    for number, (name, check) in enumerate(CHECKS.items()):
        (scratch / str(number)).mkdir()
        is_found = check(small, scratch / str(number))
        print(f"{name}: {'found' if is_found else 'NOT FOUND'}", flush=True)
        are_found &= is_found
    return are_found


def _flips(small: Small, scratch: Path) -> bool:
    return any(not tally.is_clean for tally in flip_all(small, scratch, 97, load_unverified))


def _forgeries(small: Small, scratch: Path) -> bool:
    return not load_forged(small, scratch, load_unverified).is_clean


def _any_numpy(_: Small, scratch: Path) -> bool:
    return load_hostile(scratch, "any-numpy").executions > 0


def _pickles(_: Small, scratch: Path, *, loader: str) -> bool:
    return not load_hostile(scratch, loader).is_clean


def _mutants(small: Small, scratch: Path, *, loader: str) -> bool:
    return not mutate_many(small, scratch, 5_000, 0, loader).is_clean


def _tables(small: Small, scratch: Path, *, bug: str) -> bool:
    return not all(tally.is_clean for tally in tables.table_tallies(small, scratch, 100, 0, bug))


def _kills(small: Small, scratch: Path) -> bool:
    results = list(kill_all(small, scratch, 10, bug="keep-tail"))
    return any(result.problems for result in results)


def _races(small: Small, scratch: Path, *, bug: str) -> bool:
    return bool(race_all(small, scratch, 100, bug=bug, is_served=False).problems)


def _servers(small: Small, _: Path) -> bool:
    return not hostile_answers.verify_all(small, command=hostile_answers.PLANTED).is_clean


def _devices(small: Small, scratch: Path, *, bug: str) -> bool:
    tried = list(devices.try_all(small, scratch, list(devices.FOUND_BY[bug]), bug))
    return all(any(map(devices.is_about_nodes, one.problems)) for one in tried)


def _environment(small: Small, scratch: Path) -> bool:
    tried = list(try_surroundings(small, scratch, [*FOUND], "ignore-surroundings"))
    return all(one.problems for one in tried)


def _faults(small: Small, scratch: Path) -> bool:
    results = faults.inject_all(small, scratch, command=faults.PLANTED)
    return any(result.problems for result in results)


def _hub(_: Small, scratch: Path) -> bool:
    return hubs.finds_planted(make_model(scratch / "model", "bert"), scratch / "planted")


def _bombs(_: Small, scratch: Path) -> bool:
    return all(apart(deep_bombs.planted_alone, scratch).values())


def _where(reason: str | None, checks: Mapping[str, Check]) -> Mapping[str, Check]:
    """These, unless there is a reason why they cannot be run here."""
    return {} if reason is not None else checks


CHECKS: dict[str, Check] = {
    "flips: digests skipped": _flips,
    "forgeries: files not looked at": _forgeries,
    "pickles: all of numpy trusted": _any_numpy,
    "pickles: any-state": partial(_pickles, loader="any-state"),
    "mutants: any-state": partial(_mutants, loader="any-state"),
    "pickles: any-instruction": partial(_pickles, loader="any-instruction"),
    "mutants: any-instruction": partial(_mutants, loader="any-instruction"),
    **{f"tables: {bug}": partial(_tables, bug=bug) for bug in tables.BUGS},
    "kills: what is behind the checkpoint stays": _kills,
    **{f"store-races: {bug}": partial(_races, bug=bug) for bug in BUGS if bug},
    "servers: unbounded": _servers,
    **_where(
        devices.why_not(),
        {f"devices: {bug}": partial(_devices, bug=bug) for bug in devices.FOUND_BY},
    ),
    "environment: taken as it is": _environment,
    **_where(faults.why_not(), {"faults: current before it is there": _faults}),
    "hub: ETags as names of files": _hub,
    "bombs: errors that pass, memory without a limit": _bombs,
}
