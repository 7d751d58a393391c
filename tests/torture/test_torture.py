"""The fault tests in their short form, and proof that each harness finds a bug planted for it.

Of the kills of `predict` only the long form proves that: whether a kill falls between a write and
its checkpoint is chance, which takes more kills than a test suite has time for.

`make torture` runs the long form.
"""

import random
from pathlib import Path

import pytest

from tests.support.hostile_clients import why_no_mounts
from tests.support.served import served
from tests.torture import (
    devices,
    environment,
    faults,
    hostile_answers,
    hostile_serving,
    kills,
    serving,
    tables,
)
from tests.torture.device_nodes import Trial
from tests.torture.environment import Surroundings, try_surroundings
from tests.torture.flips import flip_all
from tests.torture.fuzz import fuzz
from tests.torture.hostile import load_hostile
from tests.torture.hostile_folders import load_forged
from tests.torture.mutants import mutate_many
from tests.torture.planted import load_unverified
from tests.torture.small import Small, make_small
from tests.torture.store_races import race_all

pytestmark = pytest.mark.slow

needs_strace = pytest.mark.skipif(faults.why_not() is not None, reason=str(faults.why_not()))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return make_small(tmp_path_factory.mktemp("small"))


def test_no_damaged_artifact_loads(small: Small, tmp_path: Path) -> None:
    for tally in flip_all(small, tmp_path, step=397):
        assert tally.is_clean, tally
        assert tally.tried


def test_no_forged_artifact_loads(small: Small, tmp_path: Path) -> None:
    tally = load_forged(small, tmp_path)
    assert tally.is_clean, tally
    assert tally.refused > 200


def test_mutants_of_the_parameters_are_refused_or_plain_numbers(
    small: Small, tmp_path: Path
) -> None:
    tally = mutate_many(small, tmp_path, 2_000, seed=0)
    assert tally.is_clean, tally
    assert tally.tried == 2_000
    assert tally.refused > tally.loaded > 0


def test_hostile_pickles_are_refused_and_run_nothing(tmp_path: Path) -> None:
    tally = load_hostile(tmp_path)
    assert tally.is_clean, tally
    assert tally.refused >= 280


@needs_strace
def test_a_fault_leaves_the_old_or_the_new_artifact(small: Small, tmp_path: Path) -> None:
    results = list(faults.inject_all(small, tmp_path, every=23))
    assert len(results) >= 4
    assert not [result for result in results if result.problems]


def test_flips_find_a_loader_that_skips_digests(small: Small, tmp_path: Path) -> None:
    tallies = flip_all(small, tmp_path, step=3001, load=load_unverified)
    assert [tally.name for tally in tallies if tally.loaded and not tally.is_clean]


def test_forgeries_find_a_loader_that_looks_at_no_file(small: Small, tmp_path: Path) -> None:
    tally = load_forged(small, tmp_path, load_unverified)
    assert any("link" in problem for problem in tally.problems)


def test_mutants_find_an_unpickler_that_knows_every_opcode(small: Small, tmp_path: Path) -> None:
    assert mutate_many(small, tmp_path, 2_000, seed=0, loader="any-instruction").problems


def test_the_canary_finds_an_unpickler_that_trusts_numpy(tmp_path: Path) -> None:
    assert load_hostile(tmp_path, "any-numpy").executions >= 5


@needs_strace
def test_faults_find_a_publisher_in_the_wrong_order(small: Small, tmp_path: Path) -> None:
    calls = faults.count_calls(small, tmp_path, faults.PLANTED)
    late = [call for call in calls if call.syscall == "rename"][1]
    result = faults.inject(small, tmp_path, late, "SIGKILL before", faults.PLANTED)
    assert result.left == "neither"
    assert result.problems


def test_killed_runs_go_on_to_the_same_bytes(small: Small, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs the extra [parquet]")
    kills.write_inputs(tmp_path, 20)
    result = kills.kill_case(kills.Setup(small, tmp_path, kills.CASES[1]), 3, random.Random(0))
    assert not result.problems
    assert result.kills == 3


def test_racing_commands_leave_a_store_whole(small: Small, tmp_path: Path) -> None:
    races = race_all(small, tmp_path, 4, is_served=False)
    assert not races.problems
    assert races.endings.total() >= 12


def test_races_find_a_use_that_checks_outside_the_lock(small: Small, tmp_path: Path) -> None:
    races = race_all(small, tmp_path, 60, bug="check outside the lock", is_served=False)
    assert races.problems


@pytest.mark.skipif(devices.why_not() is not None, reason=str(devices.why_not()))
def test_outputs_replace_files_alone(small: Small, tmp_path: Path) -> None:
    trials = [
        Trial("pipe", "csv", "device", has_rejects=True),
        Trial("file", "csv", "link", side=".OUT.journal.new", planted="planted link"),
    ]
    assert not [one for one in devices.try_all(small, tmp_path, trials) if one.problems]


@pytest.mark.skipif(devices.why_not() is not None, reason=str(devices.why_not()))
@pytest.mark.parametrize("bug", devices.FOUND_BY)
def test_devices_find_a_run_that_looks_at_no_node(small: Small, tmp_path: Path, bug: str) -> None:
    trial = devices.FOUND_BY[bug][0]
    problems = devices.judged(small, tmp_path / "trial", trial, bug, b"").problems
    assert any(devices.is_about_nodes(problem) for problem in problems)


def test_all_surroundings_give_the_same_answers(small: Small, tmp_path: Path) -> None:
    chosen = [
        Surroundings("C without UTF-8", way="file to file"),
        Surroundings("C without UTF-8", "HOME unset", "2>&-", "arguments"),
        Surroundings("C.UTF-8", closed="<&- >&- 2>&-"),
    ]
    assert not [one for one in try_surroundings(small, tmp_path, chosen) if one.problems]


def test_surroundings_find_a_command_that_ignores_them(small: Small, tmp_path: Path) -> None:
    chosen = [environment.FOUND[0]]
    results = list(try_surroundings(small, tmp_path, chosen, "ignore-surroundings"))
    assert results[0].problems


def test_hostile_parquet_ends_as_told_in_memory_that_is_known(small: Small, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs the extra [parquet]")
    mutants = tables.mutate_tables(small, tmp_path, 20, seed=0)
    bombs = tables.explode(small, tmp_path, names=["a text of 5 MB in 100 rows.parquet"])
    for tally in (mutants, bombs):
        assert tally.is_clean, tally
        assert tally.tried == tally.refused + tally.loaded > 0


def test_bombs_find_a_reader_without_a_limit(small: Small, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs the extra [parquet]")
    names = ["a text of 5 MB in 100 rows.parquet"]
    assert not tables.explode(small, tmp_path, "no-limit", names).is_clean


def test_made_up_requests_get_answers_of_the_contract(small: Small) -> None:
    with served(small.root, "--workers", "2", "--no-request-log") as server:
        result = fuzz(server, 1_000, seed=0)
    assert not result.problems
    assert sum(result.counts.values()) == 1_000
    assert result.counts[200] > 20


def test_kills_swaps_and_ends_fail_no_other_request(small: Small) -> None:
    for outcome in (
        serving.kill_workers(small, 2),
        serving.swap_models(small, 2),
        serving.end_servers(small, 2),
        serving.end_servers(small, 1, drain=1.0),
    ):
        assert not outcome.problems, outcome
        assert outcome.counts["200"] > 0


def test_hostile_clients_harm_nobody_else(small: Small) -> None:
    for outcome in (
        hostile_serving.reset_connections(small, 300),
        hostile_serving.ask_ahead(small, 6),
        hostile_serving.leave_idle(small, connections=2500, seconds=0.5),
        hostile_serving.read_no_answers(small, connections=50, seconds=1.0),
    ):
        assert not outcome.problems, outcome
        assert outcome.counts["200"] > 0


def test_hostile_servers_end_verify_in_one_line(small: Small) -> None:
    modes = ("readyz: drip of the body", "readyz: endless body", "readyz: escapes in a name")
    tally = hostile_answers.verify_all(small, (*modes, "predict: escapes in X-Model"))
    assert tally.is_clean, tally
    assert tally.refused == 4


def test_servers_find_a_client_that_believes_everything(small: Small) -> None:
    modes = ("readyz: deep lists",)
    assert hostile_answers.verify_all(small, modes, hostile_answers.PLANTED).problems


@pytest.mark.parametrize("name", hostile_serving.GROUNDS)
def test_it_serves_without_the_ground_it_stands_on(small: Small, tmp_path: Path, name: str) -> None:
    if reason := why_no_mounts():
        pytest.skip(reason)
    outcome = hostile_serving.take_ground_away(small, tmp_path, name)
    assert not outcome.problems, outcome
