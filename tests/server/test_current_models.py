"""Which models are loaded before the workers are forked, and with how many threads."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from pipeline.batch.parallel import can_fork
from pipeline.handlers.loading import load_current
from pipeline.models.hardware import Hardware, count_cores, share_of_cores
from pipeline.server.current_models import StoredModels
from pipeline.text.analyzer_packages import missing_packages
from pipeline.text.tokenizers import get_tokenizer
from pipeline.training.fast import train
from pipeline.training.fitting import LinearSettings, features_for
from pipeline.workflows.sealing import serialize
from tests.support.paths import SAMPLE
from tests.support.served import served
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def mecab_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Artifacts folder with a model trained on MeCab's morphemes."""
    if missing_packages("mecab"):
        pytest.skip("mecab needs the extra [korean]")
    root = tmp_path_factory.mktemp("mecab")
    train(SAMPLE, root, LinearSettings(features=features_for("mecab")))
    serialize(root, None, root)
    yield root
    get_tokenizer("mecab").close()


def test_arrays_alone_are_loaded_before_the_fork(sample_root: Path) -> None:
    models = StoredModels(sample_root)
    models.refresh(before_fork=True)
    assert set(models.handlers) == models.expected() == {"fast"}


@pytest.mark.slow
def test_an_analyzer_is_loaded_after_the_fork(mecab_root: Path) -> None:
    models = StoredModels(mecab_root)
    models.refresh(before_fork=True)
    assert not models.handlers
    models.refresh()
    assert set(models.handlers) == {"fast"}
    assert not can_fork(models.handlers["fast"])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork")
def test_each_worker_loads_an_analyzer_of_its_own(mecab_root: Path) -> None:
    handler = load_current(mecab_root, "fast")
    with served(mecab_root, "--workers", "2") as running:
        wait_until(lambda: running.logged(f"model_loaded: {handler.name}") == 2)
        answer = requests.post(f"{running.url}/predict", json={"text": "안 봤는데"}, timeout=30)
    assert list(answer.json().values()) == [handler.handle(["안 봤는데"])[0]._asdict()]


def test_a_bad_manifest_is_left_to_the_workers(tmp_path: Path) -> None:
    slot = tmp_path / "fast"
    (slot / ("0" * 64)).mkdir(parents=True)
    (slot / "current.json").write_text(
        f'{{"digest": "{"0" * 64}", "previous": null, "sequence": 1}}'
    )
    models = StoredModels(tmp_path)
    models.refresh(before_fork=True)
    assert models.expected() == set()
    models.refresh()
    assert models.expected() == {"fast"}


def test_the_deep_model_has_as_many_threads_as_told(deep_root: Path) -> None:
    models = StoredModels(deep_root, hardware=Hardware(3))
    models.refresh()
    assert models.handlers["deep"].hardware.threads == 3
    session = models.handlers["deep"].model.transformer.engine._session
    assert session.get_session_options().intra_op_num_threads == 3


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_serve_tells_it(deep_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for told in ("1", "4"):
        monkeypatch.setenv("OMP_NUM_THREADS", told)
        with served(deep_root) as running:
            (worker,) = running.workers()
            found.append(len(list(Path(f"/proc/{worker}/task").iterdir())))
    assert found[1] - found[0] == 3


def test_workers_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert share_of_cores(1) == count_cores()
    assert share_of_cores(count_cores()) == share_of_cores(1_000) == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert share_of_cores(1) == share_of_cores(1_000) == 3
