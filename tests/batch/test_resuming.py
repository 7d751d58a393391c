"""A run that is cut off goes on where it stopped, to the very bytes of an undisturbed one."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.batch import parallel, shared_blocks
from pipeline.batch.output import output_files, parquet_writing, writing
from pipeline.batch.output.parquet_writing import write_parquet
from pipeline.batch.scorer import ScoredChunk
from pipeline.batch.scoring import CHUNK_BYTES, score_files
from pipeline.errors import InvalidInput, ResourceUnavailable
from pipeline.files.chunks import Chunk
from pipeline.handlers.base import Handler
from pipeline.handlers.loading import load_current
from pipeline.training.fast import train
from pipeline.workflows.sealing import serialize
from tests.support.paths import SAMPLE, Invoke
from tests.support.scoring_files import COMPRESS, TEXTS, make_job, score, write_table
from tests.torture.small import small_settings

ROWS = 60
STATE = ("journal", "partial", "rejects.jsonl.partial", "lock")


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHUNK_BYTES, "fast", 300)
    monkeypatch.setattr(writing, "SECONDS_BETWEEN_CHECKPOINTS", 0)


class Interruption:
    """Ctrl-C when so many chunks are written."""

    def __init__(self, chunks: int) -> None:
        self.chunks = chunks

    def __call__(self, _: Chunk, __: ScoredChunk) -> None:
        self.chunks -= 1
        if self.chunks < 0:
            raise KeyboardInterrupt


def write_input(path: Path) -> Path:
    """A table of some chunks, with rejects, and that again in other encodings and formats."""
    texts = [f"{text} {number}" for number in range(ROWS // len(TEXTS)) for text in TEXTS]
    table = write_table(path.with_name("table.csv"), texts).read_bytes()
    lines = table.split(b"\n")
    content = b"\n".join([*lines[:40], b"1,2", *lines[40:], b'"open', b"\xff,1,2", b"4,,4", b""])
    if path.suffix == ".parquet":
        pa = pytest.importorskip("pyarrow.parquet")
        pa.write_table(__import__("pyarrow").table({"text": texts}), path, row_group_size=17)
    elif "utf16" in path.name:
        path.write_bytes(content.decode("utf-8", "ignore").encode("utf-16"))
    else:
        path.write_bytes(COMPRESS[path.suffix if path.suffix in COMPRESS else ""](content))
    return path


@pytest.mark.slow
@pytest.mark.parametrize("scored", ["out.csv", "out.tsv.gz", "out.jsonl.zst", "out.parquet"])
@pytest.mark.parametrize("given", ["in.csv", "utf16.csv", "in.csv.gz", "in.csv.xz", "in.parquet"])
def test_resumed_output_is_byte_identical(
    handler: Handler, tmp_path: Path, given: str, scored: str
) -> None:
    source = write_input(tmp_path / given)
    undisturbed, output = tmp_path / f"undisturbed.{scored}", tmp_path / scored
    expected = score(handler, [source, source], undisturbed)
    job = make_job([source, source], output)
    interruptions = 0
    while not output.exists():
        try:
            totals = score_files(handler, job, watch=Interruption(2))
        except KeyboardInterrupt:
            interruptions += 1
    assert interruptions > 3
    assert totals == expected
    assert output.read_bytes() == undisturbed.read_bytes()
    rejects = [Path(f"{path}.rejects.jsonl") for path in (output, undisturbed)]
    assert rejects[0].exists() == rejects[1].exists() == (expected.rejected > 0)
    if expected.rejected:
        assert rejects[0].read_bytes() == rejects[1].read_bytes()
    assert not [name for name in STATE if Path(f"{output}.{name}").exists()]


def test_parquet_is_written_along_with_the_rows(
    handler: Handler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left to do in the end, unless the type of a column has changed on the way."""
    parquet = pytest.importorskip("pyarrow.parquet")
    made: list[Path] = []

    def write(streams: Path, output: Path) -> None:
        made.append(output)
        write_parquet(streams, output)

    monkeypatch.setattr(output_files, "write_parquet", write)
    monkeypatch.setattr(parquet_writing, "ROW_GROUP", 25)
    table = write_table(tmp_path / "in.csv", TEXTS * 10)
    score_files(handler, make_job(table, tmp_path / "out.parquet"), jobs=2)
    rows = parquet.ParquetFile(tmp_path / "out.parquet").metadata
    assert rows.num_rows == 10 * len(TEXTS)
    assert {rows.row_group(n).num_rows for n in range(rows.num_row_groups - 1)} == {25}
    assert not made
    lines = [json.dumps({"text": "재밌다", "n": n if n < 90 else n / 2}) for n in range(100)]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    score(handler, tmp_path / "in.jsonl", tmp_path / "mixed.parquet")
    numbers = parquet.read_table(tmp_path / "mixed.parquet").column("n").to_pylist()
    assert numbers == [*range(90), *(n / 2 for n in range(90, 100))]
    assert made


def interrupted(handler: Handler, tmp_path: Path) -> tuple[Path, Path]:
    source, output = write_input(tmp_path / "in.csv"), tmp_path / "out.csv"
    with pytest.raises(KeyboardInterrupt) as caught:
        score_files(handler, make_job(source, output), watch=Interruption(3))
    assert caught.value.__notes__ == ["What is written stays: the same command goes on from there."]
    assert Path(f"{output}.journal").exists()
    assert not output.exists()
    return source, output


def test_what_is_behind_the_checkpoint_is_cut_off(handler: Handler, tmp_path: Path) -> None:
    source, output = interrupted(handler, tmp_path)
    for name in ("partial", "rejects.jsonl.partial"):
        with Path(f"{output}.{name}").open("ab") as file:
            file.write(b"written after the last checkpoint")
    score(handler, source, output)
    score(handler, source, tmp_path / "undisturbed.csv")
    assert output.read_bytes() == (tmp_path / "undisturbed.csv").read_bytes()


def touch(source: Path, _: Path) -> None:
    os.utime(source, (1, 1))


def grow(source: Path, _: Path) -> None:
    status = source.stat()
    source.write_bytes(source.read_bytes() + b"1,2,3\n")
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))


def lose_rows(_: Path, output: Path) -> None:
    os.truncate(f"{output}.partial", 10)


def break_journal(_: Path, output: Path) -> None:
    Path(f"{output}.journal").write_text("{")


def older_journal(_: Path, output: Path) -> None:
    journal = Path(f"{output}.journal")
    journal.write_text(json.dumps(json.loads(journal.read_text()) | {"version": 0}))


CHANGES: dict[Callable[[Path, Path], None], str] = {
    touch: "changed since",
    grow: "changed since",
    lose_rows: "shorter than its journal",
    break_journal: "cannot be read",
    older_journal: "another version",
}


@pytest.mark.parametrize("change", CHANGES)
def test_refuses_to_go_on_after_a_change(
    handler: Handler, tmp_path: Path, change: Callable[[Path, Path], None]
) -> None:
    source, output = interrupted(handler, tmp_path)
    change(source, output)
    with pytest.raises(InvalidInput, match=f"{CHANGES[change]}.*--restart"):
        score(handler, source, output)
    score_files(handler, make_job(source, output), restart=True)
    score(handler, source, tmp_path / "undisturbed.csv")
    assert output.read_bytes() == (tmp_path / "undisturbed.csv").read_bytes()


def test_refuses_other_settings_inputs_and_artifacts(handler: Handler, tmp_path: Path) -> None:
    source, output = interrupted(handler, tmp_path)
    with pytest.raises(InvalidInput, match="another setting of added"):
        score(handler, source, output, probabilities=True)
    with pytest.raises(InvalidInput, match="other inputs"):
        score(handler, [source, source], output)
    train(SAMPLE, tmp_path, small_settings(3))
    serialize(tmp_path, None, tmp_path)
    with pytest.raises(InvalidInput, match=r"artifact \w{12} instead of"):
        score(load_current(tmp_path, "fast"), source, output)
    score(handler, source, output)


@pytest.mark.parametrize("scored", ["out.csv", "out.parquet"])
@pytest.mark.parametrize("step", ["rename", "replace", "unlink", "remove", "fsync"])
def test_killed_while_publishing(
    handler: Handler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scored: str, step: str
) -> None:
    """The run ends at any one of the calls that publish; the next one finishes the work."""
    source, output = write_input(tmp_path / "in.csv"), tmp_path / scored
    score(handler, source, tmp_path / f"undisturbed.{scored}")
    files = writing.OutputFiles(str(output))
    for allowed in range(4):
        output.unlink(missing_ok=True)
        with monkeypatch.context() as patch, pytest.MonkeyPatch.context():
            _fail_after(patch, step, allowed)
            try:
                score(handler, source, output)
            except KeyboardInterrupt:
                assert files.journal.exists() or output.exists()
        score(handler, source, output)
        assert output.read_bytes() == (tmp_path / f"undisturbed.{scored}").read_bytes()
        assert not [name for name in STATE if Path(f"{output}.{name}").exists()]


def _fail_after(patch: pytest.MonkeyPatch, step: str, allowed: int) -> None:
    """Raise at the call number `allowed` of this kind that `publish` makes."""
    calls, original, publish = [0], getattr(os, step), writing.OutputFiles.publish

    def failing(*arguments: object, **options: object) -> object:
        calls[0] += 1
        if calls[0] > allowed:
            raise KeyboardInterrupt
        return original(*arguments, **options)

    def publishing(*arguments: object) -> None:
        patch.setattr(os, step, failing)
        publish(*arguments)  # type: ignore[arg-type]

    patch.setattr(writing.OutputFiles, "publish", publishing)


def test_a_full_disk_leaves_a_run_that_can_go_on(handler: Handler, tmp_path: Path) -> None:
    source, output = write_input(tmp_path / "in.csv"), tmp_path / "out.csv"
    score(handler, source, tmp_path / "undisturbed.csv")

    def full(_: Chunk, __: ScoredChunk) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        score_files(handler, make_job(source, output), watch=full)
    score(handler, source, output)
    assert output.read_bytes() == (tmp_path / "undisturbed.csv").read_bytes()


def test_one_run_at_a_time(handler: Handler, tmp_path: Path) -> None:
    source, output = write_input(tmp_path / "in.csv"), tmp_path / "out.csv"

    def again(_: Chunk, __: ScoredChunk) -> None:
        with pytest.raises(ResourceUnavailable, match="Another run is writing"):
            score(handler, source, output)

    score_files(handler, make_job(source, output), watch=again)


@pytest.mark.slow
@pytest.mark.parametrize("is_forked", [True, False])
@pytest.mark.parametrize("block_bytes", [shared_blocks.BLOCK_BYTES, 700, 16])
@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_several_processes_give_the_same(
    handler: Handler,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    block_bytes: int,
    is_forked: bool,
) -> None:
    """Chunks fit into the blocks of shared memory, or their answers do not, or nothing does."""
    monkeypatch.setattr(shared_blocks, "BLOCK_BYTES", block_bytes)
    if not is_forked:
        monkeypatch.setattr(parallel, "can_fork", lambda _: False)
    source = [write_input(tmp_path / f"in.{name}")] * 3
    one = score(handler, source, tmp_path / f"one.{name}")
    three = score_files(handler, make_job(source, tmp_path / f"three.{name}"), jobs=3)
    assert one == three
    assert (tmp_path / f"three.{name}").read_bytes() == (tmp_path / f"one.{name}").read_bytes()


def test_a_worker_that_dies_is_told(
    invoke: Invoke, sample_root: Path, handler: Handler, tmp_path: Path
) -> None:
    source, output = write_input(tmp_path / "in.csv"), tmp_path / "out.csv"

    def kill(_: Chunk, __: ScoredChunk) -> None:
        from multiprocessing import active_children

        for child in active_children():
            child.kill()

    with pytest.raises(ResourceUnavailable, match="worker process died"):
        score_files(handler, make_job([source] * 40, output), jobs=2, watch=kill)
    options = ["--artifacts", sample_root, "--jobs", 2, "--max-rejects", 999, "-o", output]
    result = invoke("predict", "--fast", *[source] * 40, *options)
    assert result.exit_code == 0, result.stderr
    score(handler, [source] * 40, tmp_path / "undisturbed.csv")
    assert output.read_bytes() == (tmp_path / "undisturbed.csv").read_bytes()


@pytest.mark.parametrize("written", ["", ".partial", ".journal", ".rejects.jsonl", ".lock"])
@pytest.mark.parametrize("way", ["path", "link", "hard link"])
def test_an_input_is_never_written_over(
    handler: Handler, tmp_path: Path, written: str, way: str
) -> None:
    output = tmp_path / "out.csv"
    place = output.with_name(output.name + written)
    source = write_input(tmp_path / "in.csv") if way != "path" else write_input(place)
    if way == "link":
        place.symlink_to(source)
    elif way == "hard link":
        place.hardlink_to(source)
    content = source.read_bytes()
    (tmp_path / "sub").mkdir()
    with pytest.raises(InvalidInput, match="is the same file as"):
        score(handler, tmp_path / "sub" / ".." / source.name, output, input_format="csv")
    assert source.read_bytes() == content
