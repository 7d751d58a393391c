"""No option is ignored in silence: of each pair of a command, both are used or one is refused."""

import json
import sys
from dataclasses import asdict
from itertools import chain
from pathlib import Path

import click
import pytest

from pipeline.server.current_models import StoredModels
from pipeline.server.settings import ServerSettings
from tests.cli.option_pairs import Table, all_commands, option, options_of
from tests.cli.option_tables import MAKERS
from tests.support.paths import Invoke

openpyxl = pytest.importorskip("openpyxl", reason="needs openpyxl: it is in [dev]")
pyarrow = pytest.importorskip("pyarrow", reason="needs the extra [parquet]")
pytest.importorskip("pyarrow.parquet")
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def recorder(monkeypatch: pytest.MonkeyPatch) -> None:
    """`sentiment serve` prints what it would serve with, and does not."""

    def show(models: StoredModels, settings: ServerSettings, _: object) -> None:
        trust = models.trust
        shown = {
            "device": models.hardware.device,
            "root": models.root,
            "slots": models.slots,
            "digest": trust.digest,
        }
        shown |= {"public_key": trust.public_key, "not_before": trust.not_before}
        click.echo(json.dumps({**asdict(settings), **shown}, default=str))

    monkeypatch.setattr("pipeline.server.running.serve", show)
    monkeypatch.setitem(sys.modules, "ray", None)  # `--engine ray` would start a cluster
    monkeypatch.delenv("NSMC_DIR", raising=False)  # `sentiment quickstart` would train on it


NO_PLACES = dict.fromkeys(("root", "empty", "digest", "public", "confidence"), Path())
TABLES = [maker(NO_PLACES) for maker in MAKERS]
EACH = [
    pytest.param(maker, number, id=f"{maker.__name__} {one.id}")
    for maker, table in zip(MAKERS, TABLES, strict=True)
    for number, one in enumerate(table.options)
]


def table_of(maker: object, places: dict[str, object]) -> Table:
    table: Table = maker(places)  # type: ignore[operator]
    return table


@pytest.mark.parametrize("command", all_commands())
def test_every_option_is_in_a_table(command: str) -> None:
    known = {one.name for table in TABLES if table.command == command for one in table.options}
    assert known == {str(one.name) for one in options_of(command)}


@pytest.mark.parametrize(("maker", "number"), EACH)
def test_an_option_alone(
    maker: object, number: int, places: dict[str, object], tmp_path: Path
) -> None:
    """Without what it needs it is refused; with that it is used, which can be told."""
    table = table_of(maker, places)
    one = table.complete[number]
    assert not table.problems(tmp_path / "alone", one, bare=True)
    assert not table.problems(tmp_path / "with", one)
    assert table.is_told_apart(tmp_path / "without", one)


@pytest.mark.parametrize(("maker", "number"), EACH)
def test_pairs(maker: object, number: int, places: dict[str, object], tmp_path: Path) -> None:
    """The option with each that stands behind it in its table."""
    table = table_of(maker, places)
    one, *others = table.complete[number:]
    found = [
        problem
        for place, other in enumerate(others)
        if other.name != one.name
        for problem in table.problems(tmp_path / str(place), one, other)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("command", all_commands())
def test_every_option_has_help(command: str) -> None:
    assert all(one.help for one in options_of(command))


CONTRADICTIONS = [
    ("predict --fast {easy} -o scored.csv --output-format tsv", "--output-format"),
    ("predict --fast {easy} --input-format txt --delimiter tab", "--delimiter"),
    ("predict --fast {easy} --input-format jsonl --no-header", "--no-header"),
    ("predict --fast {easy} --input-format tsv --delimiter ;", "--delimiter"),
    ("predict --fast {easy} --restart", "--restart"),
    ("predict --fast {easy} --threads 2", "--threads"),
    ("predict --fast {easy} --ray-address auto", "--ray-address"),
    ("predict --fast --text x --jobs 2 -q", "--jobs and --quiet"),
    ("evaluate --data {easy} --run {run} --fast --deep", "--fast and --deep"),
    ("train --data {easy} --deep --base {encoder} --tokenizer mecab", "--tokenizer"),
    ("train --data {easy} --epochs 1 --no-blend", "--epochs and --no-blend"),
    ("train --data {easy} --teacher {teacher}", "--teacher"),
    ("serialize --precision fp32 --reviews {easy}", "--reviews"),
    ("serialize --engine torch --precision int8", "--precision int8"),
    ("verify {artifact} --api-key-file {keys}", "--api-key-file"),
    ("verify {artifact} --timeout 9", "--timeout"),
    ("verify {artifact} --report p.md", "--report"),
    ("explain x --json --top 3", "--top"),
    ("serve --only fast --batch-size 2", "--batch-size"),
    ("serve --batch-size 1 --batch-wait 0.1", "--batch-wait"),
    ("serve --insecure", "--insecure"),
    ("serve --host ::1 --insecure", "--insecure"),
    ("serve --insecure --api-key-file {keys}", "--insecure"),
    ("serve --insecure --sagemaker", "--insecure"),
]


@pytest.mark.parametrize(("line", "refused"), CONTRADICTIONS)
def test_contradictions(line: str, refused: str, invoke: Invoke, places: dict[str, object]) -> None:
    done = invoke(*line.format(**places).split())
    assert done.exit_code == 2, done.output
    assert f"{refused} cannot be used" in done.stderr


def test_the_environment_is_for_all_commands(
    invoke: Invoke, places: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it holds is not refused where it means nothing."""
    for name in ("PREDICT_RESTART", "PREDICT_QUIET", "SERVE_INSECURE"):
        monkeypatch.setenv(f"SENTIMENT_{name}", "1")
    root = ["--artifacts", places["root"]]
    assert invoke("predict", "--fast", "--text", "x", *root).exit_code == 0
    assert invoke("serve", *root).exit_code == 0


KINDS = ("txt", "csv", "tsv", "jsonl", "json", "parquet", "xlsx")


def write_kind(folder: Path, kind: str) -> Path:
    """The same three reviews as a file of any kind."""
    path, names = folder / f"reviews.{kind}", ["id", "text", "memo"]
    reviews = [["가", "정말 재밌다 최고", "x"], ["나", "최악 지루하다", "y"], ["다", "아깝다", "z"]]
    if kind == "parquet":
        columns = dict(zip(names, map(list, zip(*reviews, strict=True)), strict=True))
        pyarrow.parquet.write_table(pyarrow.table(columns), path)
    elif kind == "xlsx":
        book = openpyxl.Workbook()
        for row in [names, *reviews]:
            book.active.append(row)
        book.save(path)
    else:
        path.write_text(_as_text(kind, names, reviews), "utf-8")
    return path


def _as_text(kind: str, names: list[str], reviews: list[list[str]]) -> str:
    if kind == "txt":
        return "".join(f"{review}\n" for _, review, _ in reviews)
    if kind in ("csv", "tsv"):
        return "".join("\t,"[kind == "csv"].join(row) + "\n" for row in [names, *reviews])
    records = [dict(zip(names, row, strict=True)) for row in reviews]
    if kind == "json":
        return json.dumps(records, ensure_ascii=False)
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


@pytest.mark.parametrize("kind", KINDS)
def test_files_of_each_kind(kind: str, places: dict[str, object], tmp_path: Path) -> None:
    """An option for reading is used for a file of any kind, or refused for it.

    But csv and tsv are one: of either, the first lines tell the delimiter.
    """

    def prepare(folder: Path, _: frozenset[str], __: frozenset[str]) -> list[str]:
        return ["--fast", "--artifacts", "{root}", str(write_kind(folder, kind))]

    others = [one for one in KINDS if one != kind and not {one, kind} <= {"csv", "tsv"}]
    formats = [option(f"--input-format {one}", "input_format") for one in others]
    ways = ("--column 3", "--encoding cp949", "--delimiter ;", "--quoting none", "--no-header")
    names = ("column", "encoding", "delimiter", "quoting", "has_header")
    options = (*formats, *map(option, ways, names))
    table = Table("predict", options, prepare, places)
    found = [table.problems(tmp_path / one.id.replace("/", ""), one) for one in table.complete]
    assert not list(chain(*found))
