"""`make torture`: the fault tests in their long form, with a table of counts at the end of each.

Ends with 1 if an artifact that is damaged, forged or hostile loaded, ran code, or raised anything
but ArtifactRefused, if a fault left a store damaged, or if two versions answer differently.
"""

import argparse
import sys
import tempfile
import time
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
    tables,
)
from tests.torture.device_nodes import some_trials
from tests.torture.environment import FOUND, all_surroundings, report_environment, try_surroundings
from tests.torture.flips import flip_all
from tests.torture.fuzz import fuzz
from tests.torture.hostile import load_hostile
from tests.torture.hostile_folders import load_forged
from tests.torture.kills import INTERVAL, kill_all, report_kills
from tests.torture.mutants import mutate_many
from tests.torture.planted import load_unverified
from tests.torture.small import Small, make_small
from tests.torture.store_commands import BUGS
from tests.torture.store_races import race_all, report_races
from tests.torture.tables import table_tallies
from tests.torture.tally import report, table
from tests.torture.versions import compare_versions

Part = Callable[[Small, Path, argparse.Namespace], bool]


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
    folders = [
        scratch / name for name in ("flips", "forged", "pickles", "faults", "kills", "tables")
    ]
    for folder in folders:
        folder.mkdir()
    found = {
        "flips: digests skipped": any(
            not tally.is_clean for tally in flip_all(small, folders[0], 97, load_unverified)
        ),
        "forgeries: files not looked at": not load_forged(
            small, folders[1], load_unverified
        ).is_clean,
        "pickles: all of numpy trusted": load_hostile(folders[2], "any-numpy").executions > 0,
    }
    for loader in ("any-state", "any-instruction"):
        found[f"pickles: {loader}"] = not load_hostile(folders[2], loader).is_clean
        tally = mutate_many(small, folders[2], 5_000, 0, loader)
        found[f"mutants: {loader}"] = not tally.is_clean
    for bug in tables.BUGS:
        tallies = table_tallies(small, folders[5], 100, 0, bug)
        found[f"tables: {bug}"] = not all(tally.is_clean for tally in tallies)
    results = list(kill_all(small, folders[4], 10, bug="keep-tail"))
    found["kills: what is behind the checkpoint stays"] = any(r.problems for r in results)
    for bug in filter(None, BUGS):
        (scratch / bug).mkdir()
        races = race_all(small, scratch / bug, 100, bug=bug, is_served=False)
        found[f"store-races: {bug}"] = bool(races.problems)
    tally = hostile_answers.verify_all(small, command=hostile_answers.PLANTED)
    found["servers: unbounded"] = not tally.is_clean
    if devices.why_not() is None:
        for bug, trials in devices.FOUND_BY.items():
            (scratch / bug).mkdir()
            tried = list(devices.try_all(small, scratch / bug, list(trials), bug))
            found[f"devices: {bug}"] = all(
                any(map(devices.is_about_nodes, one.problems)) for one in tried
            )
    (scratch / "environment").mkdir()
    found["environment: taken as it is"] = all(
        one.problems
        for one in try_surroundings(small, scratch / "environment", [*FOUND], "ignore-surroundings")
    )
    if faults.why_not() is None:
        results = faults.inject_all(small, folders[3], command=faults.PLANTED)
        found["faults: current before it is there"] = any(result.problems for result in results)
    for name, is_found in found.items():
        print(f"{name}: {'found' if is_found else 'NOT FOUND'}")
    return all(found.values())


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
    is_clean = True
    for part in parts:  # each told as it ends: an hour of work should not be lost with the last
        outcome = part()
        print(table(serving.HEAD, [outcome.row()]), flush=True)
        for problem in outcome.problems[:10]:
            print(f"  {outcome.name}: {problem}")
        is_clean &= not outcome.problems
    return is_clean


def run_servers(small: Small, _: Path, __: argparse.Namespace) -> bool:
    """`verify URL` against servers that answer as none should."""
    return report([hostile_answers.verify_all(small)])


def run_hub(_: Small, scratch: Path, __: argparse.Namespace) -> bool:
    """Hostile hubs against `sentiment pull`, and a client that believes them, which is found."""
    model = make_model(scratch / "model", "bert")
    is_clean = hubs.report_hubs(hubs.attack_all(model, scratch / "product"))
    planted = hubs.attack_all(model, scratch / "planted", [hubs.WRITING], hubs.PLANTED)
    is_found = any("victim/kept.new: was" in problem for o in planted for problem in o.problems)
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
    return deep_bombs.torture(scratch, options.deep_mutants, options.seed)


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

LARGEST_GROWTH = 5.0
"""MB of both workers together, over all made-up requests after the warm-up."""


def main() -> int:
    """Run the parts named, all by default."""
    parser = argparse.ArgumentParser(prog="make torture")
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--mutants", type=int, default=100_000, help="how many")
    parser.add_argument("--tables", type=int, default=1_000, help="mutants of Parquet files")
    parser.add_argument("--deep-mutants", type=int, default=1_000, help="of each file of a model")
    parser.add_argument("--kills", type=int, default=200, help="of `predict`")
    parser.add_argument("--races", type=int, default=250, help="rounds of commands on one store")
    parser.add_argument(
        "--interval", type=float, default=INTERVAL, help="seconds between checkpoints of `predict`"
    )
    parser.add_argument("--outputs", type=int, default=300, help="of devices, of 1,000 or so")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn")
    parser.add_argument("--requests", type=int, default=100_000, help="made-up requests")
    parser.add_argument("--times", type=int, default=200, help="worker kills, swaps, SIGTERMs")
    parser.add_argument("--invariance", type=int, default=2000, help="training reviews")
    parser.add_argument("--parity", type=int, default=50_000, help="test reviews")
    options = parser.parse_args()
    bad = []
    if not options.parts:
        options.parts = [name for name in PARTS if not _left_out(name)]
    for name in options.parts:
        with tempfile.TemporaryDirectory(prefix="torture-") as folder:
            started = time.perf_counter()
            print(f"\n## {name}\n", flush=True)
            small = make_small(Path(folder) / "small")
            (Path(folder) / "scratch").mkdir()
            if not PARTS[name](small, Path(folder) / "scratch", options):
                bad.append(name)
            print(f"\n({time.perf_counter() - started:.0f} s)", flush=True)
    print(f"\nNOT CLEAN: {', '.join(bad)}" if bad else "\nAll clean.")
    return 1 if bad else 0


def _left_out(name: str) -> bool:
    """Whether a part cannot be run here, and so is only told of unless it is asked for."""
    reason = deep.why_not() if name in NEED_A_REAL_MODEL else None
    if reason:
        print(f"{name} is left out: {reason}.")
    return reason is not None


if __name__ == "__main__":
    sys.exit(main())
