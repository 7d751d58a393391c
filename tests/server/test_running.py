"""A real server: start and end, bad artifacts, workers that die, swaps, clients of all kinds."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from pipeline.artifacts.pointer import current_artifact, read_current
from pipeline.artifacts.store import PREVIOUS, use_artifact
from pipeline.artifacts.verification import MANIFEST, read_manifest
from pipeline.handlers.base import Handler
from pipeline.handlers.loading import load_current, load_folder
from pipeline.training.fast import train
from pipeline.training.fitting import LinearSettings
from pipeline.workflows.sealing import serialize
from tests.support.load import Load
from tests.support.paths import SAMPLE, Invoke
from tests.support.served import Served, served
from tests.support.stand_in import POISON
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork"),
]

WITH_DEEP = (sys.executable, "-m", "tests.support.stand_in")


@pytest.fixture(scope="module")
def server(sample_root: Path) -> Iterator[Served]:
    with served(sample_root, "--workers", "2") as running:
        yield running


@pytest.fixture
def root(sample_root: Path, tmp_path: Path) -> Path:
    """A store of the test's own."""
    return shutil.copytree(sample_root, tmp_path / "artifacts")


def ask(server: Served, **body: object) -> tuple[int, dict[str, dict[str, object]], str | None]:
    response = requests.post(f"{server.url}/predict", data=json.dumps(body), timeout=30)
    return response.status_code, response.json(), response.headers.get("X-Model")


def figures(server: Served) -> dict[str, float]:
    """Values of `/metrics` by name and labels."""
    lines = requests.get(f"{server.url}/metrics", timeout=30).text.splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line[:1] != "#")
    return {name: float(value) for name, value in pairs}


def test_answers_as_offline(server: Served, handler: Handler) -> None:
    texts = ["정말 재밌게 잘봤습니다!", " 노잼\n\x00"]
    status, answers, model = ask(server, text=texts, do_fast=True)
    assert (status, model) == (200, handler.name)
    assert list(answers.values()) == [answer._asdict() for answer in handler.handle(texts)]


def test_the_course_s_own_client_is_answered(server: Served) -> None:
    """It sends a JSON string without a Content-Type, once with do_fast and once without."""
    for body in ({"text": "굿", "do_fast": True}, {"text": ["굿", "별로"], "do_fast": False}):
        response = requests.post(f"{server.url}/predict", data=json.dumps(body), timeout=30)
        assert "Content-Type" not in response.request.headers
        assert response.status_code == (200 if body["do_fast"] else 503)


def test_many_clients_get_their_own_answers(server: Served, expected: dict) -> None:
    with Load(server.port, expected, clients=8).running() as load:
        wait_until(lambda: load.counts["200"] > 500)
    assert not load.problems
    assert set(load.counts) == {"200"}


def test_verify_replays_the_golden_set(server: Served, sample_root: Path, invoke: Invoke) -> None:
    result = invoke("verify", server.url, "--artifacts", sample_root)
    assert result.exit_code == 0
    assert "golden answers equal" in result.stdout


def test_verify_tells_what_is_wrong(server: Served, tmp_path: Path, invoke: Invoke) -> None:
    assert invoke("verify", server.url, "--artifacts", tmp_path).exit_code == 4
    assert invoke("verify", "http://127.0.0.1:1", "--artifacts", tmp_path).exit_code == 5
    assert invoke("verify", "http://", "--artifacts", tmp_path).exit_code == 3


def test_verify_refuses_other_answers_than_those_sealed(
    server: Served, sample_root: Path, tmp_path: Path, invoke: Invoke
) -> None:
    sealed = current_artifact(sample_root, "fast")
    # Under the name that the server tells, which is too short for a digest to be compared with.
    forged = Path(shutil.copytree(sealed, tmp_path / "fast" / sealed.name[:12]))
    manifest, _ = read_manifest(sealed)
    golden = (replace(manifest.golden[0], confidence=0.5), *manifest.golden[1:])
    (forged / MANIFEST).write_bytes(replace(manifest, golden=golden).to_bytes())
    result = invoke("verify", server.url, "--artifacts", tmp_path)
    assert result.exit_code == 4
    assert "1 of" in result.stderr


def test_a_taken_port_is_told(server: Served, sample_root: Path, invoke: Invoke) -> None:
    result = invoke("serve", "--port", server.port, "--artifacts", sample_root)
    assert result.exit_code == 5
    assert "Choose another" in result.stderr


def test_no_model_at_all_is_told(tmp_path: Path, invoke: Invoke) -> None:
    result = invoke("serve", "--artifacts", tmp_path, "--expect-digest", "0" * 8)
    assert result.exit_code == 4
    assert "sentiment train" in result.stderr


def test_strangers_are_let_in_only_where_told(sample_root: Path, invoke: Invoke) -> None:
    result = invoke("serve", "--host", "0.0.0.0", "--artifacts", sample_root)  # noqa: S104
    assert result.exit_code == 2
    assert "--api-key-file" in result.stderr


def test_sigterm_ends_it_with_exit_code_0(sample_root: Path, expected: dict) -> None:
    with (
        served(sample_root, "--workers", "2", "--drain", "0.5") as running,
        Load(running.port, expected, clients=4, ends=True).running() as load,
    ):
        wait_until(lambda: load.counts["200"] > 50)
        running.process.terminate()
        running.wait_for(503)
        assert running.process.wait(20) == 0
    assert not load.problems
    assert set(load.counts) <= {"200", "refused"}


def test_a_worker_that_dies_is_replaced(sample_root: Path, expected: dict) -> None:
    with (
        served(sample_root, "--workers", "2") as running,
        Load(running.port, expected, clients=4, reconnect=True).running() as load,
    ):
        wait_until(lambda: load.counts["200"] > 50)
        victim = running.workers()[0]
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: len(set(running.workers()) - {victim}) == 2)
        before = load.counts["200"]
        wait_until(lambda: load.counts["200"] > before + 50)
    assert load.counts["broken"] <= 4 * 2  # what it had under way
    assert set(load.counts) <= {"200", "broken"}


@pytest.fixture(scope="module")
def pair(sample_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a second, newer model beside the current one of the sample."""
    root = shutil.copytree(sample_root, tmp_path_factory.mktemp("pair") / "artifacts")
    train(SAMPLE, root, LinearSettings(seed=7))
    serialize(root, None, root)
    use_artifact(root, PREVIOUS, load_folder)
    return root


def test_a_new_artifact_takes_over_without_a_failed_request(pair: Path, expected: dict) -> None:
    before, after = load_current(pair, "fast"), load_folder(previous(pair))
    answers = after.handle(list(expected[before.name]))
    both = {**expected, after.name: {answer.text: answer._asdict() for answer in answers}}
    with served(pair, "--workers", "2") as running:
        with Load(running.port, both, clients=4).running() as load:
            swap(pair, running, load, after.name)
            swap(pair, running, load, before.name)
        assert running.get("/readyz")[1]["models"] == {"fast": before.name}
    assert not load.problems
    assert set(load.counts) == {"200"}
    assert set(load.models) == {before.name, after.name}


def swap(root: Path, running: Served, load: Load, name: str) -> None:
    """Make the other artifact current; return when both workers have it and one answered."""
    loaded = running.logged(f"model_loaded: {name}")
    use_artifact(root, PREVIOUS, load_folder)
    wait_until(lambda: running.logged(f"model_loaded: {name}") == loaded + 2)
    answered = load.models[name]
    wait_until(lambda: load.models[name] > answered)


def previous(root: Path) -> Path:
    """Folder of the artifact that is not current."""
    return root / "fast" / read_current(root / "fast")["previous"]


def test_a_bad_artifact_leaves_the_old_one_answering(pair: Path, handler: Handler) -> None:
    manifest = previous(pair) / "manifest.json"
    content = manifest.read_bytes()
    with served(pair) as running:
        manifest.write_bytes(content[:-2])
        use_artifact(pair, manifest.parent.name, check=lambda _: None)
        wait_until(lambda: running.logged(f"still answers with {handler.name}"))
        assert ask(running, text="굿")[2] == handler.name
    manifest.write_bytes(content)
    use_artifact(pair, PREVIOUS, load_folder)


def test_comes_up_with_a_bad_artifact_and_takes_it_once_fixed(root: Path) -> None:
    manifest = current_artifact(root, "fast") / "manifest.json"
    content = manifest.read_bytes()
    manifest.write_bytes(content[:-2])
    with served(root, "--workers", "2", ready=503) as running:
        assert running.get("/healthz")[0] == 200
        status, answer, _ = ask(running, text="굿", do_fast=True)
        assert (status, answer["error"]["code"]) == (503, "model_unavailable")
        wait_until(lambda: running.logged("refused"))
        model = requests.get(f"{running.url}/v2/models/fast", timeout=30)
        assert (model.status_code, model.headers["Retry-After"]) == (503, "30")
        manifest.write_bytes(content)
        running.wait_for(200, seconds=10)
        wait_until(lambda: running.logged("model_loaded") == 2)  # the other worker, too
        assert {ask(running, text="굿")[0] for _ in range(8)} == {200}


def test_a_pipe_in_the_place_of_current_json_keeps_nobody_waiting(root: Path) -> None:
    pointer = root / "fast" / "current.json"
    content = pointer.read_bytes()
    pointer.unlink()
    os.mkfifo(pointer)
    with served(root, ready=503) as running:
        wait_until(lambda: running.logged("refused"))
        pointer.unlink()
        pointer.write_bytes(content)
        running.wait_for(200, seconds=10)


def test_serves_both_models(root: Path, handler: Handler) -> None:
    shutil.copytree(root / "fast", root / "deep")
    with served(root, "--workers", "2", command=WITH_DEEP) as running:
        models = running.get("/readyz")[1]["models"]
        assert set(models) == {"fast", "deep"}
        assert ask(running, text="굿")[2] == models["deep"]
        assert ask(running, text="굿", do_fast=True)[2] == models["fast"]
        assert ask(running, text=["굿", POISON, "노잼"])[0] == 500
        texts = ["굿", "노잼"]
        answers = [answer._asdict() for answer in handler.handle(texts)]
        assert list(ask(running, text=texts)[1].values()) == answers


def test_serves_a_deep_model_alone(deep_root: Path, deep_handler: Handler) -> None:
    with served(deep_root) as running:
        _, answers, name = ask(running, text=["굿", "최악"])
    expected = deep_handler.handle(["굿", "최악"])
    assert name == deep_handler.name
    assert [answer["label"] for answer in answers.values()] == [a.label for a in expected]


def test_more_than_it_takes_in_is_refused_at_once(root: Path) -> None:
    """Two requests wait for others to share a batch with; a third is one too many."""
    shutil.copytree(root / "fast", root / "deep")
    options = ("--in-flight", "2", "--batch-wait", "1", "--batch-size", "256")
    with served(root, *options, command=WITH_DEEP) as running:
        url, body = f"{running.url}/predict", '{"text": "굿"}'
        with ThreadPoolExecutor(3) as pool:
            asked = [pool.submit(requests.post, url, data=body, timeout=30) for _ in range(3)]
            first, held = wait(asked, return_when=FIRST_COMPLETED)
            assert running.get("/healthz")[0] == 200
        (refused,) = (one.result() for one in first)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        assert refused.json()["error"]["code"] == "overloaded"
        assert [one.result().status_code for one in held] == [200, 200]
        assert ask(running, text="굿")[0] == 200


def test_only_one_model_where_told(root: Path) -> None:
    shutil.copytree(root / "fast", root / "deep")
    with served(root, "--only", "fast", command=WITH_DEEP) as running:
        assert set(running.get("/readyz")[1]["models"]) == {"fast"}
        assert ask(running, text="굿", do_fast=False)[0] == 503


def test_drift_of_live_texts_is_told(sample_root: Path) -> None:
    with served(sample_root) as running:
        for _ in range(3):
            ask(running, text=["Not a Korean review at all, 123"] * 100)
        wait_until(lambda: figures(running)['sentiment_drift_texts{slot="fast"}'] > 290)
        found = figures(running)
    assert found['sentiment_drift_index{feature="scripts",slot="fast"}'] > 0.25
    counts = [value for name, value in found.items() if name.startswith("sentiment_texts_total")]
    assert counts == [300.0]  # one label for all


def test_counts_outlive_their_worker(sample_root: Path) -> None:
    route = 'sentiment_requests_total{route="/predict",slot="fast",status="200"}'
    with served(sample_root, "--workers", "2") as running:
        for _ in range(20):
            ask(running, text="굿")
        old = set(running.workers())
        for victim in old:
            os.kill(victim, signal.SIGKILL)
        wait_until(lambda: len(set(running.workers()) - old) == 2)
        running.wait_for(200)
        model = f'sentiment_model_info{{digest="{digest(running)}",slot="fast"}}'
        wait_until(lambda: figures(running)[model] == 2.0)
        found = figures(running)
    assert found[route] == 20.0
    assert found["sentiment_requests_in_flight"] == 1.0  # the scrape itself


def digest(server: Served) -> str:
    return str(server.get("/readyz")[1]["models"]["fast"]).partition("@")[2]


def test_a_worker_that_alone_is_told_to_end_does_so_and_is_replaced(
    sample_root: Path, expected: dict
) -> None:
    """Its clients keep asking, and would never leave on their own."""
    with (
        served(sample_root, "--workers", "2") as running,
        Load(running.port, expected, clients=4).running() as load,
    ):
        wait_until(lambda: load.counts["200"] > 50)
        first = running.workers()[0]
        os.kill(first, signal.SIGTERM)
        wait_until(lambda: first not in running.workers(), seconds=6)
        wait_until(lambda: len(running.workers()) == 2)
    assert set(load.counts) == {"200"}
    assert not load.problems
