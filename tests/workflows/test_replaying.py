"""`sentiment verify URL` against servers that are not ours."""

import math
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.artifacts.manifest import GoldenAnswer, digest_of
from pipeline.errors import InvalidInput, ResourceUnavailable, SentimentError
from pipeline.handlers.base import Handler
from pipeline.workflows.asking import Server
from pipeline.workflows.replaying import Replay, replay_golden
from tests.support.command import run
from tests.support.hostile_servers import MODES, hostile_server

PLACES = ("nothing", "drip of the body", "endless body", "deep lists", "list in the error")
SHORT = [mode for mode in MODES if mode.startswith("readyz") or mode.endswith(PLACES)]


def outcome(mode: str, root: Path, model: str) -> str | Replay:
    """What comes of a replay: a refusal's message, or how many answers differed."""
    with hostile_server(mode, model) as url:
        try:
            return replay_golden(url, root, timeout=1.0)[0]
        except SentimentError as error:
            return str(error)


def test_no_server_gets_more_than_a_refusal(sample_root: Path, handler: Handler) -> None:
    with ThreadPoolExecutor(8) as pool:
        messages = list(pool.map(lambda m: outcome(m, sample_root, handler.name), SHORT))
    assert [message for message in messages if not isinstance(message, str)] == []
    assert max(map(len, map(str, messages))) < 400


@pytest.mark.parametrize("name", ["integer beyond floats", "escapes in X-Model"])
def test_wrong_answers_are_told(name: str, sample_root: Path, handler: Handler) -> None:
    found = outcome(f"predict: {name}", sample_root, handler.name)
    assert isinstance(found, Replay)
    assert len(found.differences) == found.texts
    assert all(one.isprintable() and len(one) < 100 for one in found.differences)


def test_an_artifact_without_golden_texts_is_no_bug(handler: Handler, tmp_path: Path) -> None:
    manifest = replace(handler.artifact.manifest, golden=()).to_bytes()
    digest = digest_of(manifest)
    shutil.copytree(handler.folder, tmp_path / "fast" / digest)
    (tmp_path / "fast" / digest / "manifest.json").write_bytes(manifest)
    with hostile_server("predict: silence", f"fast@{digest[:12]}") as url:
        done = run("verify", url, "--artifacts", tmp_path)
    assert (done.code, b"good (0 golden" in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize("value", [math.nan, math.inf, -1, 2, 10**400, True, None, "1", [1], {}])
def test_what_is_no_probability_equals_none(value: object) -> None:
    golden = GoldenAnswer("text", "positive", 1.0)
    assert golden.difference("positive", value, tolerance=0.1)
    assert golden.difference(value, 1.0, tolerance=0.1)
    assert golden.difference("positive", 1, tolerance=0.1) is None


def test_no_escape_of_a_server_comes_to_the_terminal(sample_root: Path, handler: Handler) -> None:
    with hostile_server("readyz: NUL and escapes in the status", handler.name) as url:
        done = run("verify", url, "--artifacts", sample_root)
    assert done.code == 5
    assert "\\x1b]0;owned\\x07" in done.stderr
    assert done.stderr.strip().isprintable()


@pytest.mark.parametrize(
    "url",
    [
        *("http://", "http:///x", "http://[::1", "http://[x]", "http://h:99999", "http://h:0"),
        *("http://h:port", "http://h:-1", "http://h/a b", "http://h /", "http://h\n/", "ftp://h"),
        *("http://a..b", f"http://{'a' * 64}.com", "http://\ud800", "http://h/한글", "file:///x"),
        *("http://me:secret@h", "http://h/?q=1", "http://h/#x", "http://\x1b[31m", "http://h\0"),
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="address") as refused:
        Server(url)
    assert str(refused.value).isprintable()
    assert "secret" not in str(refused.value)


def test_an_address_is_checked_by_the_command() -> None:
    assert run("verify", "http://[::1").code == run("verify", "ftp://x").code == 3


def test_a_server_without_tls_is_no_https(sample_root: Path, handler: Handler) -> None:
    with (
        hostile_server("readyz: SSH", handler.name) as url,
        pytest.raises(ResourceUnavailable, match="does not answer"),
    ):
        replay_golden(url.replace("http", "https", 1), sample_root, timeout=1.0)


@pytest.mark.parametrize("content", [b"", b"\xff" * 32, b"# only a comment of some length\n"])
def test_a_file_without_keys_is_refused(content: bytes, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_bytes(content)
    keys.chmod(0o600)
    done = run("verify", "http://127.0.0.1:1", "--api-key-file", keys)
    assert done.code == 3
    assert "must hold a key" in done.stderr
