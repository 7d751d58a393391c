"""Every command by its contract: exit codes, one clear line, no traceback."""

import gzip
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from cli.main import COMMANDS, main
from pipeline.artifacts.pointer import current_artifact
from pipeline.artifacts.runs import find_run
from tests.support.paths import SAMPLE, SENTIMENT, Invoke


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(invoke: Invoke, command: str) -> None:
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert f"\n    sentiment {command}" in result.output
    assert "Example" in result.output


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("readme", ["README.md"])
def test_every_command_has_an_example_in_the_readme(command: str, readme: str) -> None:
    text = (SAMPLE.parent.parent / readme).read_text(encoding="utf-8")
    assert f"sentiment {command}" in text


def test_version(invoke: Invoke) -> None:
    assert invoke("--version").output.startswith("sentiment, version ")


def test_main_job_on_the_sample(invoke: Invoke, tmp_path: Path) -> None:
    trained = invoke("train", "--data", SAMPLE, "--artifacts", tmp_path)
    assert trained.exit_code == 0
    assert "accuracy" in trained.output
    digest = invoke("serialize", "--artifacts", tmp_path).output.strip()
    assert invoke("verify", tmp_path / "fast" / digest).exit_code == 0
    scored = invoke("predict", "--fast", "--artifacts", tmp_path, "--text", "정말 재밌다 최고")
    assert json.loads(scored.stdout)["label"] == "positive"


def test_evaluate_measures_artifact_and_run_alike(invoke: Invoke, sample_root: Path) -> None:
    run = find_run(sample_root).name
    options = ["--data", SAMPLE, "--artifacts", sample_root]
    of_artifact = invoke("evaluate", "--fast", *options)
    of_run = invoke("evaluate", "--run", run, *options)
    assert of_artifact.exit_code == 0
    assert of_artifact.stdout == of_run.stdout
    assert "said positive" in of_run.output


def check(result: object, code: int, says: str) -> None:
    assert result.exit_code == code, result.output  # type: ignore[attr-defined]
    assert says in result.stderr  # type: ignore[attr-defined]
    assert "Traceback" not in result.output  # type: ignore[attr-defined]


def test_usage_errors(invoke: Invoke, tmp_path: Path) -> None:
    check(invoke("predcit"), 2, "No such command 'predcit'. Did you mean 'predict'?")
    check(invoke("predict", "--fast"), 2, "Give either INPUT files")
    check(invoke("predict", "--fast", tmp_path / "missing.txt"), 2, "does not exist")
    check(invoke("predict", "--fast", SAMPLE, "-o", "x.tsv", "--excel"), 2, "--excel")
    check(invoke("train", "--data", tmp_path / "missing"), 2, "does not exist")
    check(invoke("serve", "--port", "99999"), 2, "99999")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.txt", b"", "holds no reviews"),
        ("empty.csv", b"", "holds no reviews"),
        ("header.csv", b"document\n", "holds no reviews"),
        ("columns.csv", b"id,memo\n1,good\n", "--column"),
        ("both.csv", b"content,comment\ngood,bad\n", "content and comment may hold"),
        ("twice.csv", b"document,id,id\ngood,1,1\n", "two columns have the same name"),
        ("excel.csv", "id,리뷰,document\n".encode("cp949"), "--encoding cp949"),
        ("taken.jsonl", b'{"text": "good", "confidence": 1}\n', "--prefix"),
        (
            "cut.csv.gz",
            gzip.compress(b"text\n" + b"good\n" * 99, mtime=0)[:-12],
            "damaged or cut short",
        ),
        ("no.csv.gz", b"\x1f\x8btext\ngood\n", "damaged or cut short"),
        ("no.csv.xz", b"\xfd7zXZ\x00text\ngood\n", "damaged or cut short"),
        ("no.csv.zst", b"\x28\xb5\x2f\xfdtext\ngood\n", "damaged or cut short"),
        ("reviews.parquet.gz", gzip.compress(b"PAR1", mtime=0), "compressed inside"),
        ("reviews.parquet", b"PAR1", "no Parquet file"),
        ("reviews.pdf", b"%PDF", "is a PDF"),
        ("page.xls", b"<html><table>", "web page"),
        ("reviews.xlsx", b"id,text", "no spreadsheet file"),
        ("taken.csv", b"document,confidence\ngood,1\n", "--prefix"),
    ],
)
def test_bad_input_is_told_and_leaves_nothing(
    invoke: Invoke, sample_root: Path, tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow", reason="needs the extra [parquet]")
    (tmp_path / name).write_bytes(content)
    output = tmp_path / "scored.csv"
    options = ["--artifacts", sample_root, "-o", output]
    check(invoke("predict", "--fast", tmp_path / name, *options), 3, says)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_bad_training_data(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "empty.tsv").touch()
    check(invoke("train", "--data", tmp_path / "empty.tsv"), 3, "no reviews with labels")
    check(invoke("train", "--data", tmp_path), 3, "sentiment data")


def test_missing_models(invoke: Invoke, tmp_path: Path) -> None:
    demanded = ("--artifacts", tmp_path, "--expect-digest", "0" * 8)
    check(invoke("predict", "--fast", "--text", "x", *demanded), 4, "sentiment train")
    check(invoke("evaluate", "--deep", "--data", SAMPLE, *demanded[:2]), 4, "sentiment pull")
    check(invoke("serialize", "--artifacts", tmp_path), 4, "sentiment train")
    check(invoke("serve", *demanded), 4, "sentiment train")
    check(invoke("verify", tmp_path), 4, "manifest.json")


def test_a_damaged_run_is_told(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "runs" / "x").mkdir(parents=True)
    (tmp_path / "runs" / "x" / "run.json").write_text("{")
    check(invoke("serialize", "--artifacts", tmp_path), 3, "Train again")


def test_a_read_only_place_is_told(invoke: Invoke, sample_root: Path) -> None:
    output = Path("/proc/scored.csv")
    check(invoke("predict", "--fast", SAMPLE, "-o", output, "--artifacts", sample_root), 5, "/proc")


def test_options_come_from_the_environment(
    invoke: Invoke, sample_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTIMENT_PREDICT_ARTIFACTS", str(sample_root))
    monkeypatch.setenv("SENTIMENT_PREDICT_FAST", "1")
    assert invoke("predict", "--text", "굿").exit_code == 0


def test_a_closed_pipe_is_no_error(sample_root: Path, tmp_path: Path) -> None:
    (tmp_path / "many.txt").write_text("정말 재밌다\n" * 50_000, encoding="utf-8")
    command = f"{SENTIMENT} predict --fast --artifacts {sample_root} {tmp_path}/many.txt | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)  # noqa: S602
    assert json.loads(done.stdout)["text"] == "정말 재밌다"
    assert done.stderr == f"{tmp_path}/many.txt: a review a line, UTF-8\n"


def test_control_c_ends_with_130_and_leaves_nothing(sample_root: Path, tmp_path: Path) -> None:
    fifo, output = tmp_path / "endless.txt", tmp_path / "scored.csv"
    os.mkfifo(fifo)
    command = [SENTIMENT, "predict", "--fast", "--artifacts", sample_root, fifo, "-o", output]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    with fifo.open("wb") as pipe:
        pipe.write("정말 재밌다\n".encode() * 50_000)
        pipe.flush()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert stderr == f"{fifo}: a review a line, UTF-8\nInterrupted.\n"
    assert [path.name for path in tmp_path.iterdir()] == [fifo.name]


def test_a_bug_shows_its_traceback(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.handlers.loading.check_folder", lambda *_: 1 // 0)
    result = invoke("verify", ".")
    assert isinstance(result.exception, ZeroDivisionError)


def test_artifacts_are_found_in_the_named_folder(sample_root: Path) -> None:
    assert current_artifact(sample_root, "fast").is_dir()
    assert main.name == "main"


@pytest.mark.parametrize(
    ("variable", "says"),
    [("SENTIMENT_DATA_FROM", "nowhere"), ("SENTIMENT_DATA_SOURCE", "nowhere")],
)
def test_an_option_has_a_variable_of_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Invoke, variable: str, says: str
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "nowhere"))
    done = invoke("data", "--to", tmp_path / "data")
    assert done.exit_code == 3
    assert says in done.stderr
