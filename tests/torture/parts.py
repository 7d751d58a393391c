"""The parts of `make torture` by name: what each runs, and whether all of it was clean."""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from tests.support.hostile_clients import why_no_mounts
from tests.support.served import served
from tests.support.tiny_models import make_model
from tests.torture import (
    deep,
    deep_bombs,
    devices,
    faults,
    hostile_answers,
    hostile_serving,
    hubs,
    serving,
)
from tests.torture.device_nodes import some_trials
from tests.torture.environment import all_surroundings, report_environment, try_surroundings
from tests.torture.flips import flip_all
from tests.torture.fuzz import fuzz
from tests.torture.hostile import load_hostile
from tests.torture.hostile_folders import load_forged
from tests.torture.kills import kill_all, report_kills
from tests.torture.mutants import mutate_many
from tests.torture.planted_runs import find_planted
from tests.torture.small import Small
from tests.torture.store_races import race_all, report_races
from tests.torture.tables import table_tallies
from tests.torture.tally import report
from tests.torture.versions import compare_versions
from tests.torture.watching import apart

Part = Callable[[Small, Path, argparse.Namespace], bool]

LARGEST_GROWTH = 5.0
"""MB of both workers together, over all made-up requests after the warm-up."""


def run_flips(small: Small, scratch: Path, _: argparse.Namespace) -> bool:
    """Every single-bit flip and every truncation."""
    return report(flip_all(small, scratch))


def run_mutants(small: Small, scratch: Path, options: argparse.Namespace) -> bool:
    """Random mutants of the parameters; the ones that load hold other numbers."""
    return report([mutate_many(small, scratch, options.mutants, options.seed)])


def run_hostile(small: Small, scratch: Path, _: argparse.Namespace) -> bool:
    """Hand-made hostile pickles and forged artifacts."""
    return report([load_hostile(scratch), load_forged(small, scratch)])


def run_faults(small: Small, scratch: Path, _: argparse.Namespace) -> bool:
    """ENOSPC, EIO and SIGKILL at each call with which `serialize` writes."""
    if (reason := faults.why_not()) is not None:
        print(f"NO FAULT WAS INJECTED, so nothing is shown of crashes and full disks: {reason}.")
        return False
    return faults.report_faults(list(faults.inject_all(small, scratch)))


def run_versions(_: Small, scratch: Path, __: argparse.Namespace) -> bool:
    """Artifacts sealed under the oldest libraries, answering under the newest, and vice versa."""
    return compare_versions(scratch)


def run_kills(small: Small, scratch: Path, options: argparse.Namespace) -> bool:
    """SIGKILL at random moments of `predict`, which must end with the same bytes nonetheless."""
    results = kill_all(small, scratch, options.kills, seed=options.seed, interval=options.interval)
    return report_kills(list(results))


def run_store_races(small: Small, scratch: Path, options: argparse.Namespace) -> bool:
    """Commands that change one store at once, some killed, beside readers and a server."""
    return report_races(race_all(small, scratch, options.races, options.seed))


def run_devices(small: Small, scratch: Path, options: argparse.Namespace) -> bool:
    """Outputs that are links, pipes or devices, and names that somebody has planted things at."""
    if (reason := devices.why_not()) is not None:
        print(f"NOTHING IS SHOWN of outputs that are devices: {reason}.")
        return False
    chosen = some_trials(options.outputs, options.seed)
    return devices.report_devices(list(devices.try_all(small, scratch, chosen)))


def run_environment(small: Small, scratch: Path, _: argparse.Namespace) -> bool:
    """Locales, encodings, odd variables and closed streams, all with the same answers."""
    return report_environment(list(try_surroundings(small, scratch, all_surroundings())))


def run_tables(small: Small, scratch: Path, options: argparse.Namespace) -> bool:
    """Damaged Parquet, odd values, and small files that hold much, given to `predict`."""
    return report(table_tallies(small, scratch, options.tables, options.seed))


def run_planted(small: Small, scratch: Path, _: argparse.Namespace) -> bool:
    """Each harness against a bug planted for it; each must report problems."""
    return find_planted(small, scratch)


def run_requests(small: Small, _: Path, options: argparse.Namespace) -> bool:
    """Made-up requests; the workers' memory must not grow with them."""
    with served(small.root, "--workers", "2", "--no-request-log") as server:
        result = fuzz(server, options.requests, options.seed)
    counts = ", ".join(f"{status}: {count:,}" for status, count in sorted(result.counts.items()))
    print(f"{sum(result.counts.values()):,} answers ({counts})")
    print(f"memory of both workers after warm-up: {result.growth:+.1f} MB")
    for problem in result.problems[:10]:
        print(f"  {problem}")
    return not result.problems and result.growth <= LARGEST_GROWTH


def run_serving(small: Small, scratch: Path, options: argparse.Namespace) -> bool:
    """Worker kills, swaps and SIGTERMs under load, hostile clients, and ground that gives way."""
    times, reason = options.times, why_no_mounts()
    if reason:
        print(f"Neither logs nor /dev/shm are taken away: {reason}.")
    parts: Sequence[Callable[[], serving.Outcome]] = (
        lambda: serving.kill_workers(small, times),
        lambda: serving.swap_models(small, times),
        lambda: serving.end_servers(small, times, drain=2.0),
        lambda: serving.end_servers(small, max(1, times // 10)),
        lambda: serving.bear_slow_clients(small, clients=500, seconds=20.0),
        lambda: hostile_serving.reset_connections(small, 50 * times, options.seed),
        lambda: hostile_serving.ask_ahead(small, times),
        lambda: hostile_serving.leave_idle(small, connections=3000, seconds=5.0),
        lambda: hostile_serving.read_no_answers(small, connections=300, seconds=10.0),
        *(
            partial(hostile_serving.take_ground_away, small, scratch, name)
            for name in ([] if reason else hostile_serving.GROUNDS)
        ),
    )
    return serving.report_outcomes(part() for part in parts)


def run_servers(small: Small, _: Path, __: argparse.Namespace) -> bool:
    """`verify URL` against servers that answer as none should."""
    return report([hostile_answers.verify_all(small)])


def run_hub(_: Small, scratch: Path, __: argparse.Namespace) -> bool:
    """Hostile hubs against `sentiment pull`, and a client that believes them, which is found."""
    model = make_model(scratch / "model", "bert")
    is_clean = hubs.report_hubs(hubs.attack_all(model, scratch / "product"))
    is_found = hubs.finds_planted(model, scratch / "planted")
    print(f"hub: ETags as names of files: {'found' if is_found else 'NOT FOUND'}")
    return is_clean and is_found


def run_bare(_: Small, scratch: Path, __: argparse.Namespace) -> bool:
    """A deep model where only the extra [onnx] is installed."""
    return deep.check_bare(scratch)


def run_invariance(_: Small, scratch: Path, options: argparse.Namespace) -> bool:
    """A real deep model's answers do not depend on the batch, whatever the engine."""
    return deep.check_invariance(scratch, options.invariance)


def run_parity(_: Small, scratch: Path, options: argparse.Namespace) -> bool:
    """A real deep model answers the same at every door."""
    return deep.check_parity(scratch, options.parity, alone=2000)


def run_bombs(_: Small, scratch: Path, options: argparse.Namespace) -> bool:
    """Deep artifacts and model folders that are bombs, damaged or mutants; one in a server."""
    return apart(deep_bombs.torture, scratch, options.deep_mutants, options.seed)


PARTS: dict[str, Part] = {
    "flips": run_flips,
    "mutants": run_mutants,
    "hostile": run_hostile,
    "faults": run_faults,
    "store-races": run_store_races,
    "planted": run_planted,
    "kills": run_kills,
    "devices": run_devices,
    "environment": run_environment,
    "tables": run_tables,
    "versions": run_versions,
    "requests": run_requests,
    "serving": run_serving,
    "servers": run_servers,
    "hub": run_hub,
    "bombs": run_bombs,
    "bare": run_bare,
    "invariance": run_invariance,
    "parity": run_parity,
}
NEED_A_REAL_MODEL = ("invariance", "parity")
