"""Texts kept where an operator wants it: what is in the files, how large, what a bad disk does."""

import json
import logging
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
import requests

from pipeline.errors import InvalidInput, ResourceUnavailable
from pipeline.handlers.base import Handler, Prediction
from pipeline.reviews.labelled import read_reviews
from pipeline.server.captured_files import LARGEST_BLOCK, PATTERN, CapturedFiles
from pipeline.server.capturing import MOST_WAITING, Capture
from pipeline.server.metrics import Metrics
from tests.support.paths import SAMPLE, SENTIMENT, Invoke
from tests.support.served import Served, served
from tests.support.waiting import wait_until

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and limits of POSIX")
BLOCK = b"x" * 999 + b"\n"


def ask(server: Served, texts: list[str]) -> int:
    body = json.dumps({"text": texts, "do_fast": True})
    return requests.post(f"{server.url}/predict", data=body, timeout=30).status_code


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.glob(PATTERN))


def rows_in(folder: Path) -> list[dict[str, object]]:
    lines = [line for path in files_in(folder) for line in path.read_bytes().splitlines()]
    return [json.loads(line) for line in lines]


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in files_in(folder))


def capture_in(folder: Path, share: float = 1.0) -> Capture:
    return Capture(folder, share, 1, 2, Metrics(()))


def answers(count: int) -> list[Prediction]:
    return [Prediction(f"글 {n}", "positive", 0.9) for n in range(count)]


@pytest.fixture(scope="module")
def folder(sample_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a server with two workers has captured of the sample when it has ended."""
    if sys.platform == "win32":
        pytest.skip("gunicorn needs fork")
    folder = tmp_path_factory.mktemp("capturing") / "captured"
    texts = read_reviews(SAMPLE).texts
    options = ("--workers", "2", "--capture", str(folder), "--capture-share", "1")
    with served(sample_root, *options) as server:
        for start in range(0, len(texts), 8):
            assert ask(server, texts[start : start + 8]) == 200
        server.process.terminate()
        assert server.process.wait(40) == 0
        log = server.log.read_text("utf-8")
    assert not any(text in log for text in texts if len(text) > 8)
    return folder


@pytest.fixture
def joined(folder: Path, tmp_path: Path) -> Path:
    """All that was captured, in one file."""
    path = tmp_path / "captured.jsonl"
    path.write_bytes(b"".join(one.read_bytes() for one in files_in(folder)))
    return path


@pytest.mark.slow
def test_only_the_owner_can_read_what_is_captured(folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in files_in(folder)} == {0o600}
    assert len(files_in(folder)) <= 2


@pytest.mark.slow
def test_each_text_is_there_with_its_answer(folder: Path, handler: Handler) -> None:
    rows = rows_in(folder)
    texts = read_reviews(SAMPLE).texts
    answers = {answer.text: answer for answer in handler.handle(texts)}
    assert sorted(str(row["text"]) for row in rows) == sorted(texts)
    for row in rows:
        assert list(row) == ["text", "label", "confidence", "model", "time"]
        answer = answers[str(row["text"])]
        assert (row["label"], row["confidence"]) == (answer.label, answer.confidence)
        assert row["model"] == handler.name
        assert datetime.fromisoformat(str(row["time"])).tzinfo is not None


@pytest.mark.slow
def test_commands_read_what_is_captured(joined: Path, sample_root: Path, invoke: Invoke) -> None:
    of_sample = ("--artifacts", sample_root)
    evaluated = invoke("evaluate", "--fast", "--data", joined, *of_sample)
    assert "accuracy 100.00%" in evaluated.stdout, evaluated.output
    drifted = invoke("drift", "--fast", "--json", joined, *of_sample)
    assert json.loads(drifted.stdout)["texts"] == 848
    predicted = invoke("predict", "--fast", "--prefix", "new_", joined, *of_sample)
    rows = [json.loads(line) for line in predicted.stdout.splitlines()]
    assert [row["new_predicted_label"] for row in rows] == [row["label"] for row in rows]


@pytest.mark.slow
def test_a_model_is_trained_on_what_is_captured(
    joined: Path, tmp_path: Path, invoke: Invoke
) -> None:
    trained = invoke("train", "--data", joined, "--artifacts", tmp_path / "artifacts")
    assert trained.exit_code == 0, trained.output
    assert "848 reviews" in trained.stderr


@pytest.mark.parametrize("option", ["--capture-share", "--capture-megabytes"])
def test_options_that_would_be_ignored_are_refused(
    option: str, sample_root: Path, invoke: Invoke
) -> None:
    result = invoke("serve", "--artifacts", sample_root, option, "1")
    assert result.exit_code == 2
    assert f"{option} cannot be used without --capture" in result.stderr


def test_a_path_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for path in (file, file / "below"):
        with pytest.raises(InvalidInput, match="no folder"):
            capture_in(path)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, where nobody can write")
def test_a_folder_that_cannot_be_written_is_refused(sample_root: Path, invoke: Invoke) -> None:
    with pytest.raises(ResourceUnavailable, match="--capture"):
        capture_in(Path("/proc/captured"))
    result = invoke("serve", "--artifacts", sample_root, "--capture", "/proc/captured")
    assert result.exit_code == 5


def test_too_few_megabytes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="--capture-megabytes 32"):
        Capture(tmp_path, 1.0, 31, 512, Metrics(()))


def test_a_share_of_the_texts_is_drawn(tmp_path: Path) -> None:
    capture = capture_in(tmp_path, share=0.5)
    capture.add("fast@0123456789ab", answers(2_000))
    capture.flush()
    assert 800 < len(rows_in(tmp_path)) < 1200


def test_what_the_queue_cannot_hold_is_counted_as_lost(tmp_path: Path) -> None:
    metrics = Metrics(())
    capture = Capture(tmp_path, 1.0, 64, 2, metrics)
    for _ in range(3):
        capture.add("fast@0123456789ab", answers(MOST_WAITING // 2 - 1))
    capture.flush()
    assert len(rows_in(tmp_path)) == MOST_WAITING
    shown = metrics.exposition().decode()
    assert f'sentiment_captured_texts_total{{outcome="written"}} {MOST_WAITING}.0' in shown
    assert f'sentiment_captured_texts_total{{outcome="lost"}} {MOST_WAITING // 2 - 3}.0' in shown


def test_a_text_of_any_characters_is_one_line(tmp_path: Path) -> None:
    texts = ["\u2028\r\n\x00\x1c\x85" * 300, "\ud800", "😀" * 2000, "\x01" * 2000]
    capture = capture_in(tmp_path)
    capture.add("fast@0123456789ab", [Prediction(text, "positive", 0.9) for text in texts])
    capture.flush()
    (path,) = files_in(tmp_path)
    assert [json.loads(line)["text"] for line in path.read_bytes().split(b"\n")[:-1]] == texts


def test_all_files_together_are_bounded_and_the_newest_stay(tmp_path: Path) -> None:
    most = 2 * CapturedFiles.fewest_bytes(2)
    old = tmp_path / "captured-20200101T000000.000000Z-1.jsonl"
    old.write_bytes(BLOCK)
    (tmp_path / "mine.jsonl").write_bytes(BLOCK)
    writers = [CapturedFiles(tmp_path, most, 2) for _ in range(2)]
    for number in range(2000):
        writers[number % 2].append(b"%999d\n" % number)
        assert size_of(tmp_path) <= most
    assert size_of(tmp_path) > most / 2
    kept = b"".join(path.read_bytes() for path in files_in(tmp_path)).split()
    assert sorted(map(int, kept)) == list(range(2000 - len(kept), 2000))
    assert (tmp_path / "mine.jsonl").exists()


def test_a_file_that_is_being_written_is_not_removed(tmp_path: Path) -> None:
    most = CapturedFiles.fewest_bytes(2)
    slow, busy = (CapturedFiles(tmp_path, most, 2) for _ in range(2))
    slow.append(b"1\n")
    for _ in range(2 * most // len(BLOCK)):
        busy.append(BLOCK)
    slow.append(b"2\n")
    assert files_in(tmp_path)[0].read_bytes() == b"1\n2\n"


def test_a_file_that_somebody_has_removed_is_begun_anew(tmp_path: Path) -> None:
    files = CapturedFiles(tmp_path, 2**20, 2)
    files.append(b"1\n")
    files_in(tmp_path)[0].unlink()
    files.append(b"2\n")
    assert [path.read_bytes() for path in files_in(tmp_path)] == [b"2\n"]


def test_half_lines_of_a_crash_are_cut_off(tmp_path: Path) -> None:
    for name, content in (("1", b'{"a": 1}\n{"b'), ("2", b"half"), ("3", b""), ("4", b"{}\n")):
        (tmp_path / f"captured-{name}.jsonl").write_bytes(content)
    writer = CapturedFiles(tmp_path, 2**20, 2)
    writer.append(b"still being writ")
    CapturedFiles(tmp_path, 2**20, 2).mend()
    contents = [path.read_bytes() for path in files_in(tmp_path)]
    assert sorted(contents) == [b"still being writ", b'{"a": 1}\n', b"{}\n"]


@posix
def test_links_and_pipes_are_left_alone(tmp_path: Path) -> None:
    target, folder = tmp_path / "target", tmp_path / "captured"
    folder.mkdir()
    target.write_bytes(b"no line")
    (folder / "captured-1.jsonl").symlink_to(target)
    os.mkfifo(folder / "captured-2.jsonl")
    (folder / "captured-3.jsonl").mkdir()
    files = CapturedFiles(folder, CapturedFiles.fewest_bytes(1), 1)
    files.mend()
    for _ in range(100):
        files.append(BLOCK)
    assert target.read_bytes() == b"no line"
    assert len(files_in(folder)) > 3


@pytest.mark.slow
@posix
def test_a_server_mends_and_keeps_what_earlier_runs_left(sample_root: Path, tmp_path: Path) -> None:
    left = tmp_path / "captured-20200101T000000.000000Z-1.jsonl"
    left.write_bytes(b'{"text": "good"}\n{"text": "hal')
    with served(sample_root, "--capture", str(tmp_path), "--capture-share", "1") as server:
        wait_until(lambda: left.read_bytes() == b'{"text": "good"}\n')
        assert ask(server, ["굿"]) == 200
        wait_until(lambda: len(rows_in(tmp_path)) == 2)
        os.kill(server.workers()[0], 9)
        wait_until(lambda: server.workers())
        server.wait_for(200)
        assert ask(server, ["노잼"]) == 200
    assert [row["text"] for row in rows_in(tmp_path)] == ["good", "굿", "노잼"]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Writing beyond this size fails, as on a full disk."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@posix
def test_a_full_disk_leaves_no_half_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    metrics = Metrics(())
    capture = Capture(tmp_path, 1.0, 1, 2, metrics)
    with caplog.at_level(logging.WARNING):
        for size in (2**20, 1_000, 1_000, 2**20):
            with largest_file(size):
                capture.add("fast@0123456789ab", answers(50))
                capture.flush()
    assert len(rows_in(tmp_path)) == 100
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "capture_failed",
        "capture_works",
    ]
    assert 'sentiment_captured_texts_total{outcome="lost"} 100.0' in metrics.exposition().decode()


@pytest.mark.slow
@posix
def test_a_full_disk_disturbs_no_request(sample_root: Path, tmp_path: Path) -> None:
    """No file may grow beyond 4 KiB, the log neither, so that it is without requests."""
    limited = ("bash", "-c", f'ulimit -f 4; exec "{SENTIMENT}" "$@"', "bash")
    options = ("--no-request-log", "--capture", str(tmp_path), "--capture-share", "1")
    with served(sample_root, *options, command=limited) as server:
        for _ in range(5):
            assert ask(server, ["영화" * 700]) == 200
            wait_until(lambda: server.logged("capture_failed") == 1)
        while not server.logged("capture_works"):  # the first may share a block with a long text
            assert ask(server, ["굿"]) == 200
            time.sleep(0.3)
    assert {row["text"] for row in rows_in(tmp_path)} == {"굿"}


def test_the_longest_line_fits_in_a_block() -> None:
    assert len(json.dumps("\x01" * 2000)) + 500 < LARGEST_BLOCK
