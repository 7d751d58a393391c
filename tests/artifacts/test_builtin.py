"""The built-in model: what it is, and that it answers where there is no other, and only there."""

import json
import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
import requests

from pipeline.artifacts import builtin
from pipeline.artifacts.golden import golden_texts
from pipeline.artifacts.listing import list_builtin
from pipeline.artifacts.pointer import CURRENT, current_artifact
from pipeline.artifacts.verification import CARD, MANIFEST, PARAMETERS, Artifact, load_artifact
from pipeline.handlers.base import Handler
from pipeline.handlers.loading import load_current, load_folder
from pipeline.reviews.labelled import read_reviews
from pipeline.workflows.evaluating import evaluate
from tests.support.command import run
from tests.support.keys import write_key_pair
from tests.support.paths import ROOT, Invoke
from tests.support.served import served
from tests.support.waiting import wait_until

LARGEST = 8 * 2**20
"""Of the built-in model in a wheel, which is zipped."""
ACCURACY = 0.887
TEXT = ("predict", "--text", "정말 재밌게 잘봤습니다!", "--artifacts")


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    return load_artifact(builtin.FOLDER)


def test_it_is_whole_and_gives_its_golden_answers() -> None:
    assert load_folder(builtin.FOLDER).artifact.digest == builtin.DIGEST


def test_it_is_small_and_holds_no_reviews_but_ours(artifact: Artifact) -> None:
    assert sum(len(zlib.compress(content, 1)) for content in artifact.files.values()) < LARGEST
    assert artifact.files.keys() == {CARD, PARAMETERS}
    assert [answer.text for answer in artifact.manifest.golden] == golden_texts()


def test_it_says_how_good_it_is(artifact: Artifact) -> None:
    assert artifact.manifest.metrics["test"]["accuracy"] >= ACCURACY
    assert artifact.manifest.data["train"]["rows"] == 150_000


@pytest.mark.nsmc
def test_it_is_as_good_as_it_says(nsmc: Path, tmp_path: Path, artifact: Artifact) -> None:
    reviews = read_reviews(nsmc / "ratings_test.txt")
    [measured] = evaluate(reviews, [load_current(tmp_path, "fast")])
    assert measured.metrics.accuracy == artifact.manifest.metrics["test"]["accuracy"]


@pytest.mark.nsmc
def test_it_is_what_training_gives_but_for_what_it_was_taught(
    nsmc_root: Path, artifact: Artifact
) -> None:
    again = load_artifact(current_artifact(nsmc_root, "fast")).manifest
    assert again.settings["features"] == artifact.manifest.settings["features"]
    assert {
        **again.data,
        "unlabelled": artifact.manifest.data["unlabelled"],
    } == artifact.manifest.data
    assert again.metrics["test"]["accuracy"] < artifact.manifest.metrics["test"]["accuracy"]


def test_it_says_who_taught_it(artifact: Artifact) -> None:
    unlabelled = artifact.manifest.data["unlabelled"]
    assert unlabelled["texts"] >= 100_000
    (teacher,) = unlabelled["teachers"]
    assert teacher["digest"] in artifact.files[CARD].decode()


def test_it_answers_where_there_is_no_other_and_that_is_said(tmp_path: Path) -> None:
    done = run(*TEXT, tmp_path / "none")
    assert (done.code, done.rows[0]["label"]) == (0, "positive")
    assert done.stderr.splitlines() == [builtin.USING]
    assert not (tmp_path / "none").exists()


def test_what_was_serialized_comes_first(sample_root: Path, invoke: Invoke) -> None:
    assert [stored.is_current for stored in list_builtin(sample_root)] == [False]
    done = invoke(*TEXT, sample_root)
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.parametrize("command", ["explain 굿", "evaluate --data {sample}", "drift {sample}"])
def test_other_commands_use_it_and_say_so(command: str, invoke: Invoke, tmp_path: Path) -> None:
    filled = command.format(sample=ROOT / "data" / "sample.tsv").split()
    done = invoke(*filled, "--artifacts", tmp_path)
    assert done.exit_code == 0
    assert builtin.USING in done.stderr


def test_it_is_listed(invoke: Invoke, tmp_path: Path, sample_root: Path) -> None:
    for root, mark in ((tmp_path, "*"), (sample_root, " ")):
        listed = invoke("artifacts", "list", "--artifacts", root).stdout.splitlines()
        assert listed[0].startswith(f"{mark} {builtin.NAME}")
        assert listed[0].endswith("built in")
        shown = invoke("artifacts", "show", builtin.DIGEST[:8], "--artifacts", root)
        assert json.loads(shown.stdout)["digest"] == builtin.DIGEST


def damage_manifest(slot: Path) -> None:
    (current_artifact(slot.parent, "fast") / MANIFEST).write_bytes(b"{}")


def lose_artifact(slot: Path) -> None:
    shutil.rmtree(current_artifact(slot.parent, "fast"))


def damage_pointer(slot: Path) -> None:
    (slot / CURRENT).write_bytes(b"{}")


@pytest.mark.parametrize("damage", [damage_manifest, lose_artifact, damage_pointer])
def test_it_is_no_stand_in_for_a_damaged_one(
    damage: object, sample_root: Path, tmp_path: Path, invoke: Invoke
) -> None:
    root = tmp_path / "root"
    shutil.copytree(sample_root / "fast", root / "fast")
    damage(root / "fast")  # type: ignore[operator]
    done = invoke(*TEXT, root)
    assert (done.exit_code, done.stdout) == (4, "")
    assert builtin.USING not in done.stderr


def test_a_damaged_deep_one_is_not_passed_over(tmp_path: Path, invoke: Invoke) -> None:
    (tmp_path / "deep").mkdir()
    damage_pointer(tmp_path / "deep")
    assert invoke(*TEXT, tmp_path).exit_code == 4


def test_demands_are_met_or_it_is_refused(tmp_path: Path, invoke: Invoke) -> None:
    _, key = write_key_pair(tmp_path)
    assert invoke(*TEXT, tmp_path, "--expect-digest", builtin.DIGEST).exit_code == 0
    other = invoke(*TEXT, tmp_path, "--expect-digest", "0" * 8)
    unsigned = invoke(*TEXT, tmp_path, "--require-signature", key)
    assert (other.exit_code, unsigned.exit_code) == (4, 4)
    assert f"The built-in one is {builtin.NAME}" in other.stderr
    assert "The built-in one is not signed" in unsigned.stderr
    served_unsigned = invoke("serve", "--artifacts", tmp_path, "--require-signature", key)
    assert served_unsigned.exit_code == 4


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package that a group may write to, as a umask of 002 leaves it."""
    site = tmp_path_factory.mktemp("site")
    for package in ("cli", "pipeline"):
        shutil.copytree(ROOT / package, site / package)
    for path in site.rglob("*"):
        path.chmod(path.stat().st_mode | 0o020)
    return site


def ask_installed(site: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-m", "cli.main", *TEXT, "none"]
    return subprocess.run(
        command, cwd=site, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are those of Unix")
def test_installed_under_any_umask_it_answers_and_damaged_it_is_refused(installed: Path) -> None:
    assert ask_installed(installed).returncode == 0
    parameters = installed / builtin.FOLDER.relative_to(ROOT) / PARAMETERS
    content = bytearray(parameters.read_bytes())
    content[len(content) // 2] ^= 1
    parameters.write_bytes(content)
    refused = ask_installed(installed)
    assert refused.returncode == 4
    assert "Install the package again" in refused.stderr


def test_a_server_answers_with_it_until_there_is_another(
    tmp_path: Path, sample_root: Path, handler: Handler, invoke: Invoke
) -> None:
    with served(tmp_path, "--workers", "2") as running:
        body = {"text": "굿", "do_fast": True}

        def name() -> str:
            return requests.post(f"{running.url}/predict", json=body, timeout=30).headers["X-Model"]

        assert name() == builtin.NAME
        assert running.logged("model_loaded") == 1  # the workers share it
        assert builtin.USING in running.log.read_text("utf-8")
        assert invoke("verify", running.url, "--artifacts", tmp_path).exit_code == 0
        invoke("serialize", "--artifacts", sample_root, "--to", tmp_path)
        wait_until(lambda: {name() for _ in range(8)} == {handler.name})
