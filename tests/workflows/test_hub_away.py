"""Pulling while the hub is away, or a library: what the cache has is used, else one line, soon."""

import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipeline.errors import ModelMissing, ResourceUnavailable
from pipeline.models.transformer import reaching
from pipeline.models.transformer.hub import Download, get_model
from tests.support.local_hub import REFUSING, Hub, running, silent
from tests.support.paths import SENTIMENT

constants = pytest.importorskip("huggingface_hub.constants", reason="needs the extra [deep]")

NAME = "owner/tiny"
UNRESOLVED = "http://hub.invalid"
AWAY = ["refusing", "silent", "unresolved", "down"]


@pytest.fixture
def hub(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    shutil.copytree(tiny_bert, tmp_path / "repository")
    (tmp_path / "repository" / "README.md").write_text("not fetched, so never in the cache")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(reaching, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(reaching, "ANSWER_TIMEOUT", 0.5)
    with running(Hub(tmp_path / "repository")) as started:
        monkeypatch.setenv("HF_ENDPOINT", started.url)
        yield started


@pytest.fixture
def cached(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Download:  # noqa: ARG001
    """A model in the cache. The time-out is for a hub on a busy machine to answer in."""
    with monkeypatch.context() as patch:
        patch.setattr(reaching, "ANSWER_TIMEOUT", 20.0)
        return get_model(NAME)


def send_away(how: str, hub: Hub, monkeypatch: pytest.MonkeyPatch, stack: ExitStack) -> None:
    if how == "down":
        monkeypatch.setattr(reaching, "ANSWER_TIMEOUT", 20.0)
        hub.error = (503, "")
        return
    addresses = {"refusing": REFUSING, "unresolved": UNRESOLVED}
    address = addresses.get(how) or stack.enter_context(silent())
    monkeypatch.setenv("HF_ENDPOINT", address)


@pytest.mark.parametrize("how", AWAY)
@pytest.mark.parametrize("revision", [None, "main", "a" * 40])
def test_the_cache_serves_while_the_hub_is_away(
    cached: Download,
    hub: Hub,
    how: str,
    revision: str | None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with ExitStack() as stack, caplog.at_level(logging.WARNING):
        send_away(how, hub, monkeypatch, stack)
        found = get_model(NAME, revision)
    assert found == cached
    assert f"from the cache, at commit {hub.commit}" in caplog.text


@pytest.mark.parametrize("how", AWAY)
def test_without_a_cache_the_error_says_why(
    hub: Hub, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as stack:
        send_away(how, hub, monkeypatch, stack)
        with pytest.raises(ResourceUnavailable, match="the cache does not hold it") as raised:
            get_model(NAME)
    assert "\n" not in str(raised.value)


def test_a_branch_that_was_not_fetched_is_not_guessed(
    cached: Download, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cached.commit
    monkeypatch.setenv("HF_ENDPOINT", REFUSING)
    with pytest.raises(ResourceUnavailable, match="does not hold it"):
        get_model(NAME, "other")


def test_a_cache_that_lacks_a_file_is_not_used(
    cached: Download, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its settings a tokenizer may lower-case, say, and nothing would tell."""
    (cached.folder / "tokenizer_config.json").unlink()
    monkeypatch.setenv("HF_ENDPOINT", REFUSING)
    with pytest.raises(ResourceUnavailable, match="does not hold it"):
        get_model(NAME)


def test_the_branch_moves_on_with_the_hub(
    cached: Download, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaching, "ANSWER_TIMEOUT", 20.0)
    assert cached.commit
    hub.commit = "b" * 40
    assert get_model(NAME).commit == hub.commit
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert get_model(NAME).commit == hub.commit
    assert get_model(NAME, cached.commit) == cached


@pytest.mark.usefixtures("hub")
def test_offline_without_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ResourceUnavailable, match="HF_HUB_OFFLINE is set, and the cache"):
        get_model(NAME)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["refusing", "silent", "offline"])
def test_the_command_says_so_within_ten_seconds(tmp_path: Path, how: str) -> None:
    environment = {**os.environ, "HF_HOME": str(tmp_path / "home")}
    with silent() as address:
        endpoint = {"refusing": REFUSING, "silent": address}.get(how)
        environment |= {"HF_ENDPOINT": endpoint} if endpoint else {"HF_HUB_OFFLINE": "1"}
        started = time.monotonic()
        done = subprocess.run(
            [SENTIMENT, "pull", NAME, "--artifacts", str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        seconds = time.monotonic() - started
    assert (done.returncode, done.stderr.count("\n")) == (5, 1), done.stderr
    assert seconds < 10


@pytest.mark.parametrize(
    "library", ["transformers", "torch", "tokenizers", "safetensors", "huggingface_hub", "httpx2"]
)
def test_a_missing_library_names_the_extra(library: str, tmp_path: Path) -> None:
    script = f"import sys; sys.modules[{library!r}] = None; from cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "pull", NAME, "--artifacts", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    expected = f"Error: This needs the library {library}: pip install 'sentiment-toolkit[deep]'.\n"
    assert (done.returncode, done.stderr) == (4, expected)


def test_serving_needs_tokenizers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.models.transformer.tokens import TextEncoder

    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ModelMissing, match=r"tokenizers: pip install .*\[onnx\]"):
        TextEncoder(b"{}", 8)
