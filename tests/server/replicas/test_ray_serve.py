"""`sentiment serve --engine ray` on a real cluster of two nodes. `make test-ray` runs it."""

import json
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.artifacts.pointer import current_artifact
from pipeline.handlers.loading import load_current
from pipeline.reviews.labelled import read_reviews
from tests.server.replicas.conftest import NODE, kill, replicas
from tests.support.command import run
from tests.support.load import Load
from tests.support.paths import ROOT, SAMPLE
from tests.support.served import Served, served
from tests.support.waiting import wait_until

pytest.importorskip("ray.serve", reason="needs Ray: make test-ray")

TEXTS = ["정말 재밌게 잘봤습니다!", "쓰레기 영화", " ", "😂" * 50, "ㅋ" * 900, "line\nbreak"]
QUIET = ("--no-request-log",)


@pytest.fixture(scope="module")
def store(sample_root: Path, deep_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Artifacts of both slots, and another one of the fast slot that is not current."""
    root = tmp_path_factory.mktemp("store")
    shutil.copytree(sample_root / "fast", root / "fast")
    shutil.copytree(deep_root / "deep", root / "deep")
    done = run("train", "--data", SAMPLE, "--seed", "7", "--artifacts", root)
    assert done.code == 0, done.stderr
    first = current_artifact(root, "fast").name
    assert run("serialize", "--artifacts", root).code == 0
    assert run("artifacts", "use", first, "--artifacts", root).code == 0
    return root


@pytest.fixture(scope="module")
def server(cluster: Any, store: Path) -> Iterator[Served]:
    """Two replicas of each model, on both nodes."""
    options = ("--engine", "ray", "--ray-address", cluster.address, "--replicas", "2", *QUIET)
    with served(store, *options, seconds=150) as started:
        yield started
        assert started.process.poll() is None


def ask(server: Served, path: str, body: object, **headers: str) -> tuple[int, str | None, bytes]:
    content = json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(server.url + path, content, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.headers["X-Model"], response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["X-Model"], error.read()


def test_every_door_answers_as_the_single_box(server: Served, store: Path) -> None:
    tensor = {"name": "text", "shape": [2], "datatype": "BYTES", "data": TEXTS[:2]}
    asked: list[tuple[str, object, dict[str, str]]] = [
        *(("/predict", {"text": TEXTS, "do_fast": fast}, {}) for fast in (True, False)),
        ("/predict", {"text": TEXTS, "do_fast": False}, {"Accept": "application/x-ndjson"}),
        ("/predict", {"text": TEXTS[0], "unsure_below": 1}, {}),
        ("/v2/models/fast/infer", {"inputs": [tensor]}, {}),
        ("/v2/models/deep/infer", {"inputs": [tensor]}, {}),
        ("/explain", {"text": TEXTS[0]}, {}),
        ("/predict", {"text": 5}, {}),
        ("/predict", {"text": ["x"] * 2000, "do_fast": True}, {}),
    ]
    with served(store, *QUIET) as box:
        due = [ask(box, path, body, **headers) for path, body, headers in asked]
        found = [ask(server, path, body, **headers) for path, body, headers in asked]
    assert [status for status, _, _ in due] == [200] * 7 + [422] * 2
    assert found == due


def test_replicas_are_on_both_nodes(server: Served) -> None:
    stats = [Path(f"/proc/{pid}/stat").read_text() for pid in replicas(server)]
    parents = {stat.rpartition(")")[2].split()[1] for stat in stats}
    assert (len(stats), len(parents)) == (4, 2)


def test_replicas_end_with_their_server_or_with_its_successor(cluster: Any, store: Path) -> None:
    options = ("--engine", "ray", "--ray-address", cluster.address, "--only", "fast", *QUIET)
    with served(store, *options, seconds=150) as other:
        (left,) = replicas(other)
        for pid in (*other.workers(), other.process.pid):
            kill(pid)
        other.process.wait()
    with served(store, *options, seconds=150, port=other.port) as successor:
        (now,) = replicas(successor)
        assert now != left
        successor.process.terminate()
        assert successor.process.wait(40) == 0
    wait_until(lambda: not replicas(successor), 30)


@pytest.fixture
def expected(store: Path) -> dict[str, dict[str, dict[str, object]]]:
    """By name of each fast model, its answer to each of some texts."""
    texts = read_reviews(SAMPLE).texts[:40]
    answers = {}
    for digest in {path.name for path in (store / "fast").iterdir() if path.is_dir()}:
        done = run("artifacts", "use", digest, "--artifacts", store)
        assert done.code == 0
        handler = load_current(store, "fast")
        answers[handler.name] = {one.text: one._asdict() for one in handler.handle(texts)}
    return answers


def test_a_swap_fails_no_request(server: Served, store: Path, expected: Any) -> None:
    first, second = expected
    wait_until(lambda: server.get("/readyz")[1]["models"]["fast"] == second, 60)
    load = Load(server.port, expected, 4)
    with load.running():
        time.sleep(1)
        digest = first.partition("@")[2]
        assert run("artifacts", "use", digest, "--artifacts", store).code == 0
        wait_until(lambda: server.get("/readyz")[1]["models"]["fast"] == first, 60)
        time.sleep(1)
    assert load.problems == []
    assert set(load.counts) == {"200"}
    assert set(load.models) == {first, second}
    retired = second.partition("@")[2]
    wait_until(lambda: not any(retired in line for line in replicas(server).values()), 60)


def test_a_killed_replica_costs_what_it_had_under_way(server: Served, expected: Any) -> None:
    load = Load(server.port, expected, 4)
    with load.running():
        time.sleep(1)
        before = [pid for pid, line in replicas(server).items() if "-fast-" in line]
        kill(before[0])
        wait_until(lambda: len(set(replicas(server)) - {*before}) == 3, 60)
        time.sleep(1)
    assert load.problems == []
    assert set(load.counts) <= {"200", "503"}
    assert load.counts["503"] <= 8
    assert server.get("/readyz")[0] == 200


def test_a_killed_node_costs_what_it_had_under_way(
    cluster: Any, server: Served, expected: Any
) -> None:
    load = Load(server.port, expected, 4)
    with load.running():
        time.sleep(1)
        cluster.remove_node(cluster.worker_nodes.copy().pop(), allow_graceful=False)
        time.sleep(5)
        cluster.add_node(**NODE)
        time.sleep(5)
    assert load.problems == []
    assert set(load.counts) <= {"200", "503"}
    assert load.counts["503"] <= 8
    server.wait_for(200)


def test_too_many_calls_are_refused_as_the_contract_says(cluster: Any, store: Path) -> None:
    folder = current_artifact(store, "deep")
    crowding = [sys.executable, "-m", "tests.server.replicas.crowding", cluster.address, folder]
    done = subprocess.run(crowding, cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    refused, answered = done.stdout.splitlines()[-2:]  # before them Ray tells of the lost node
    assert refused == "503 overloaded"
    assert answered in ("negative", "positive")


def test_ctrl_c_ends_it_in_order(store: Path) -> None:
    with served(store, "--engine", "ray", "--only", "fast", *QUIET, seconds=150) as own:
        assert replicas(own)
        own.process.send_signal(signal.SIGINT)
        assert own.process.wait(40) == 0
        assert "Traceback" not in own.log.read_text("utf-8")
    assert not replicas(own)


def test_a_cluster_that_is_not_there_is_said_in_one_line(store: Path) -> None:
    done = run("serve", "--engine", "ray", "--ray-address", "127.0.0.1:1", "--artifacts", store)
    assert done.code == 5
    assert done.stderr.count("\n") == 1
    assert "--ray-address" in done.stderr
