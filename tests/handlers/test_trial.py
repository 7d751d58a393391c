"""Deep artifacts are tried in a child process: what harms it is refused, and harms nobody else."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.artifacts.pointer import current_artifact, make_current
from pipeline.artifacts.signing import sign
from pipeline.artifacts.verification import MANIFEST, SIGNATURE, Trust, read_manifest
from pipeline.confinement import Confinement, Limits, NotSurvived
from pipeline.errors import ArtifactRefused, InvalidInput
from pipeline.handlers.loading import check_folder
from pipeline.models.transformer.tokenizer_limits import KNOWN_PATTERNS, _is_harmless
from tests.support.command import run
from tests.support.keys import write_key_pair
from tests.support.served import served
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the limits of the memory are Linux's"),
]

SMALL = Limits(memory=200 * 2**20, processor_seconds=1, seconds=30)
SOON = replace(SMALL, seconds=1)
Make = Callable[[str, str], Path]

WORK = """
import os, time
from pipeline.errors import InvalidInput
def fill(): return len(bytearray(10**9))
def spin():
    while True: pass
def sleep(): time.sleep(60)
def end(): os.abort()
def leave(): os._exit(7)
def fail(): return 1 // 0
def refuse(): raise InvalidInput("That is no number.")
def add(a, b): return a + b
"""


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Confinement:
    (tmp_path / "work.py").write_text(WORK)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return Confinement()


def test_each_limit_is_named_and_the_next_call_works(child: Confinement) -> None:
    for name, said in {
        "fill": "more than 209 MB of memory",
        "spin": "1 s of processor time",
        "sleep": "longer than 1 s",
        "end": "ended the process .SIGABRT",
        "leave": "ended the process .exit code 7",
        "fail": "ZeroDivisionError: integer division",
    }.items():
        with pytest.raises(NotSurvived, match=said):
            child.call(f"work:{name}", {}, SOON if name == "sleep" else SMALL)
        assert child.call("work:add", {"a": 1, "b": 2}, SMALL) == 3
    with pytest.raises(InvalidInput, match=r"That is no number\."):
        child.call("work:refuse", {}, SMALL)
    child.close()


def test_a_child_ends_with_its_parent_and_what_it_does(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text(WORK)
    program = (
        "import os, threading\n"
        "from pipeline.confinement import Confinement, Limits\n"
        "child = Confinement(); child.start()\n"
        "print(child._process.pid, flush=True)\n"
        "child.call('work:sleep', {}, Limits(2**30, 60, 60))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment
    )
    assert parent.stdout is not None
    group = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    wait_until(lambda: not _alive(group))


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("pattern", ["^(a+)+$", "(a|aa)*", "a*a*b", "(a)\\1", "a?" * 9, 5])
def test_patterns_that_may_take_any_time_are_found(pattern: object) -> None:
    assert not _is_harmless(pattern)


@pytest.mark.parametrize(
    "pattern", [*sorted(KNOWN_PATTERNS), " {2,}", r"\s+", r"[^\w(]+", r"\(+|\)", r"\s{2,}|[\n\r\t]"]
)
def test_those_of_good_tokenizers_pass(pattern: str) -> None:
    assert _is_harmless(pattern)


@pytest.fixture(scope="module")
def make_forged(deep_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Make:
    pytest.importorskip("onnx", reason="needs the extra [deep]")
    from pipeline.artifacts.verification import NETWORK, TOKENIZER, load_artifact
    from tests.torture.deep_forgeries import forge, networks, tokenizers

    good = current_artifact(deep_root, "deep")
    files = load_artifact(good).files
    made = {NETWORK: networks(files[NETWORK]), TOKENIZER: tokenizers(files[TOKENIZER])}

    def make(name: str, what: str) -> Path:
        return forge(good, tmp_path_factory.mktemp("forged"), {name: made[name][what]})

    return make


FORGED = {
    ("model.onnx", "a loop"): "a loop or a branch",
    ("model.onnx", "5 GB of zeros"): "more than 1,... MB of memory",
    ("model.onnx", "a tensor in another file"): "tensors in other files",
    ("model.onnx", "outputs of another shape"): "does not give two outputs",
    ("tokenizer.json", "nested replacements"): "more than 32 steps",
    ("tokenizer.json", "a backtracking split"): "a pattern that may take any time",
    ("tokenizer.json", "no unknown token"): r"lacks the token for unknown words, '\[UNK\]'",
    ("tokenizer.json", "ids beyond"): "InvalidArgument",
}


@pytest.mark.parametrize("name", FORGED)
def test_forged_artifacts_are_refused(make_forged: Make, name: tuple[str, str]) -> None:
    with pytest.raises(ArtifactRefused, match=FORGED[name]) as raised:
        check_folder(make_forged(*name))
    assert "\n" not in str(raised.value)


def test_the_command_says_it_in_a_line(make_forged: Make) -> None:
    done = run("verify", make_forged("model.onnx", "5 GB of zeros"))
    assert done.code == 4
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1


def test_a_bomb_in_a_server_keeps_nothing_from_working(
    make_forged: Make, sample_root: Path, tmp_path: Path
) -> None:
    """One worker tries it; killed workers come back at once, and the fast model answers."""
    shutil.copytree(sample_root / "fast", tmp_path / "fast")
    bomb = make_forged("model.onnx", "5 GB of zeros")
    bomb.parent.rename(tmp_path / "deep")
    make_current(tmp_path / "deep", bomb.name)
    with served(tmp_path, "--workers", "2", ready=503) as server:
        old = set(server.workers())
        for worker in old:
            os.kill(worker, signal.SIGKILL)
        wait_until(lambda: len(set(server.workers()) - old) == 2)
        server.wait_for(503)
        assert list(server.get("/readyz")[1]["models"]) == ["fast"]
        assert server.get("/readyz")[1]["missing"] == ["deep"]
        wait_until(lambda: server.logged("of memory, the limit") > 0, 60)
        assert server.logged("of memory, the limit") == 1


def test_every_demand_holds_in_the_child(deep_root: Path, tmp_path: Path) -> None:
    folder = current_artifact(deep_root, "deep")
    folder = Path(shutil.copytree(folder, tmp_path / folder.name))
    private, public = write_key_pair(tmp_path)
    (folder / SIGNATURE).write_bytes(sign((folder / MANIFEST).read_bytes(), private))
    trained = datetime.fromisoformat(read_manifest(folder)[0].created_at)
    good = Trust(folder.name, public, trained)
    assert check_folder(folder, good)[1] == folder.name
    for demand, reason in (
        (replace(good, not_before=trained + timedelta(milliseconds=1)), "it was trained at"),
        (replace(good, public_key=write_key_pair(tmp_path, "other.")[1]), "not made with the key"),
        (replace(good, digest="0" * 8), "not 00000000 as expected"),
    ):
        with pytest.raises(ArtifactRefused, match=reason):
            check_folder(folder, demand)


def test_good_artifacts_are_tried_by_one_worker(deep_root: Path) -> None:
    with served(deep_root, "--workers", "2") as server:
        wait_until(lambda: server.logged("model_loaded: deep") == 2)
        assert server.logged("model_refused") == 0
