"""Every option of every command: a value, and what shows in a run that it was used."""

import csv
import io
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.cli.option_inputs import BAD, GOOD, ROWS, write_reviews
from tests.cli.option_pairs import Option, Ran, Seen, Table, option
from tests.support.small_nsmc import write_corpus

IN_TURN = ["positive", "negative"] * (ROWS // 2)
TEXTS = [GOOD, BAD] * (ROWS // 2)
ARTIFACTS = option("--artifacts {root}", "artifacts", other=("--artifacts", "{empty}"))
SIGNED = option(
    "--require-signature {public}", "require_signature", other=("--require-signature", "{stranger}")
)
TRUST = (
    option(
        "--expect-digest {digest}",
        "expect_digest",
        other=("--expect-digest", "0" * 64),
        named=["its digest is"],
    ),
    SIGNED,
    option(
        "--not-before 2001-01-01",
        "not_before",
        other=("--not-before", "2999-01-01"),
        needs=[SIGNED],
        named=["--require-signature"],
    ),
)

_PAGE = option("--report p.html", "report", lambda ran: (ran.folder / "p.html").is_file())
REPORT = (
    _PAGE,
    option(
        "--lang ko",
        "lang",
        lambda ran: 'lang="ko"' in (ran.folder / "p.html").read_text("utf-8"),
        needs=[_PAGE],
    ),
)


def content(ran: Ran) -> bytes:
    """What `predict` has written."""
    written = ran.folder / "scored.csv"
    return written.read_bytes() if written.exists() else ran.stdout


def rows(ran: Ran) -> list[dict[str, Any]]:
    """The rows of it."""
    text = content(ran).decode("utf-8-sig")
    if text.startswith("{"):
        return [json.loads(line) for line in text.splitlines()]
    header = text.partition("\n")[0]
    return list(csv.DictReader(io.StringIO(text), delimiter="\t" if "\t" in header else ","))


def is_read_right(ran: Ran) -> bool:
    """Whether `predict` has answered the six reviews that were written."""
    read = [{str(value).strip('"') for value in row.values()} for row in rows(ran)]
    whole = all(
        {label, text} <= row for row, label, text in zip(read, IN_TURN, TEXTS, strict=False)
    )
    return len(read) == ROWS and whole


def keeps_quotes(ran: Ran) -> bool:
    return is_read_right(ran) and any(
        str(value).startswith('"') for row in rows(ran) for value in row.values()
    )


def said(*lines: str) -> Seen:
    """What the command says beside its results holds any of these."""
    return lambda ran: any(line in ran.stderr for line in lines)


def reading(seen: Mapping[str, Seen] | None = None) -> Iterator[Option]:
    """The options for reading: where `seen` lacks one, its run must differ from one without it."""
    tell = dict(seen or {})
    yield option("--column 3", "column", tell.get("column"), other=("--column", "9"), traits="memo")
    yield option("--encoding cp949", "encoding", tell.get("encoding"), traits="cp949")
    yield option("--delimiter ^", "delimiter", tell.get("delimiter"), traits="caret")
    yield option("--quoting none", "quoting", tell.get("quoting"), traits="quotes")
    yield option("--no-header", "has_header", tell.get("has_header"), traits="headless")
    for name, traits in (("jsonl", "jsonl"), ("csv", "nameless")):
        yield option(f"--input-format {name}", "input_format", tell.get(name), traits=traits)


LABELLED = {
    "column": said("reviews in column 'memo' (3)", "reviews in column 'column_3'"),
    "encoding": said(", CP949,"),
    "delimiter": said("table by '^'"),
    "quoting": said("quotes are text"),
    "has_header": said("no header"),
    "jsonl": said("JSON lines"),
}


def labelled(labels: str = "--labels") -> Iterator[Option]:
    """The options for reading files with labels; what is read is said."""
    for one in reading(LABELLED):
        if one.arguments != ("--input-format", "csv"):  # in a table it says the same as without
            yield one
    mine = said("labels in column 'mine'", "labels in column 'column_5'")
    all_read = said(f"{ROWS} reviews, 3 positive, 3 negative")
    yield option("--label-column 5", "label_column", mine, traits="mine")
    yield option([labels, "positive=yes negative=no"], "label_values", all_read, traits="words")
    yield option("--rating-scale 5", "rating_scale", all_read, traits="ratings")


def predict(places: Mapping[str, Path]) -> Table:
    output = option("-o scored.csv", "output", lambda ran: not ran.stdout and bool(content(ran)))
    confidence = str(places["confidence"]).encode()
    as_csv = option("--output-format csv", "output_format", lambda ran: content(ran)[:2] != b'{"')
    ray = option(
        "--engine ray", "engine", other=("--engine", "local"), needs=[output], named=["Ray"]
    )
    alike = ("column", "encoding", "delimiter", "has_header", "jsonl", "csv")
    read = {**dict.fromkeys(alike, is_read_right), "quoting": keeps_quotes}
    return Table(
        "predict",
        (
            *reading(read),
            option("--input-format txt", "input_format", is_read_right, traits="lines"),
            option("--fast", "fast", lambda ran: confidence in content(ran)),
            option("--model fast", "model", lambda ran: confidence in content(ran)),
            option(["--text", GOOD], "texts", lambda ran: f'"text": "{GOOD}"' in ran.text),
            option("--threads 3", "threads", _has_three_threads),
            option("--device cpu", "device", later=True),
            *TRUST,
            ARTIFACTS,
            output,
            as_csv,
            option("--output-format tsv", "output_format", lambda ran: b"\t" in content(ran)),
            option("--prefix p_", "prefix", lambda ran: "p_predicted_label" in rows(ran)[0]),
            option(
                "--probabilities", "probabilities", lambda ran: "_positive" in str(rows(ran)[0])
            ),
            option("--unsure-below 1", "unsure_below", lambda ran: b"unsure" in content(ran)),
            option(
                "--excel", "excel", lambda ran: content(ran)[:3] == b"\xef\xbb\xbf", needs=[as_csv]
            ),
            option("--engine local", "engine", other=("--engine", "ray")),
            ray,
            option("--ray-address 127.0.0.1:1", "ray_address", needs=[ray, output]),
            *REPORT,
            option("--max-rejects 1", "max_rejects", lambda ran: ran.code == 0, traits="broken"),
            option(
                "--restart", "restart", lambda ran: ran.code == 0, traits="begun", needs=[output]
            ),
            option("--jobs 2", "jobs", lambda ran: ran.had_children),
            option("-q", "quiet", lambda ran: not _summary(ran)),
        ),
        _prepare_predict,
        places,
    )


def _prepare_predict(folder: Path, traits: frozenset[str], names: frozenset[str]) -> list[str]:
    if "threads" in names:
        import torch

        torch.set_num_threads(1)
    if "begun" in traits:
        (folder / "scored.csv.journal").write_text("of another program")
    arguments = [] if names & {"fast", "model", "threads", "device"} else ["--fast"]
    arguments += [] if "artifacts" in names else ["--artifacts", "{root}"]
    return arguments + ([] if "texts" in names else [str(write_reviews(folder, traits))])


def _summary(ran: Ran) -> bool:
    return "rows in =" in ran.stderr or "reviews in column" in ran.stderr


def _has_three_threads(_: Ran) -> bool:
    import torch

    return torch.get_num_threads() == 3


def _counts_six(ran: Ran) -> bool:
    return f"{ROWS} reviews against" in ran.stderr or f'"texts": {ROWS}' in ran.text


def drift(places: Mapping[str, Path]) -> Table:
    return Table(
        "drift",
        (
            *reading({"csv": _counts_six}),
            option("--fast", "fast", said("against fast@"), other=("--model", "deep")),
            option("--model fast", "model", said("against fast@"), other=("--model", "deep")),
            option("--json", "as_json", lambda ran: ran.text.startswith("{")),
            *REPORT,
            *TRUST,
            ARTIFACTS,
        ),
        lambda folder, traits, names: [
            *([] if names & {"fast", "model"} else ["--fast"]),
            *([] if "artifacts" in names else ["--artifacts", "{root}"]),
            str(write_reviews(folder, traits)),
        ],
        places,
    )


def _labelled_file(folder: Path, traits: frozenset[str], names: frozenset[str]) -> list[str]:
    """The file; where no header names the column of the labels, and these are words, its number."""
    write_reviews(folder, traits, labelled=True)
    is_told = "label_column" in names or "headless" not in traits
    return [] if is_told else ["--label-column", "4"]


def evaluate(places: Mapping[str, Path]) -> Table:
    def prepare(folder: Path, traits: frozenset[str], names: frozenset[str]) -> list[str]:
        arguments = _labelled_file(folder, traits, names)
        arguments += [] if "artifacts" in names else ["--artifacts", "{root}"]
        return arguments + ([] if "data" in names else ["--data", "reviews.csv"])

    deep = option("--deep", "deep", said("deep@"), other=("--fast",))
    return Table(
        "evaluate",
        (
            *labelled(),
            option("--fast", "fast", said("fast@"), other=("--deep",)),
            option("--model fast", "model", said("fast@"), other=("--deep",)),
            deep,
            option("--run {run}", "run", other=("--run", "none")),
            option("--device cpu", "device", later=True, needs=[deep]),
            option("--data reviews.csv", "data"),
            option("--robustness", "robustness"),
            option("--json", "as_json", lambda ran: ran.text.startswith("{")),
            *REPORT,
            ARTIFACTS,
        ),
        prepare,
        places,
    )


def train(places: Mapping[str, Path]) -> Table:
    """Training ends for want of reviews once all are read; long runs show the other options."""

    def prepare(folder: Path, traits: frozenset[str], names: frozenset[str]) -> list[str]:
        arguments = _labelled_file(folder, traits, names)
        reviews = folder / "reviews.csv"
        (folder / "other.csv").write_bytes(reviews.read_bytes())
        return arguments + ([] if "data" in names else ["--data", "reviews.csv"])

    base = option("--base {encoder}", "base", later=True)
    deep = option("--deep", "deep", said("reviews are not enough"), needs=[base])
    root = option("--artifacts {root}", "artifacts", later=True)
    unlabelled = option("--unlabelled other.csv", "unlabelled", later=True, needs=[root])
    return Table(
        "train",
        (
            *labelled(),
            option("--data reviews.csv", "data", said("reviews.csv: ")),
            option("--test other.csv", "test", said("other.csv: ")),
            option("--seed 1", "seed", later=True),
            option("--tokenizer mecab", "tokenizer", later=True),
            unlabelled,
            option(
                "--unlabelled-column 2",
                "unlabelled_column",
                named=["--unlabelled"],
                later=True,
                needs=[unlabelled, root],
            ),
            option("--teacher {teacher}", "teachers", later=True, needs=[unlabelled, root]),
            deep,
            option("--base {encoder}", "base", later=True, needs=[deep]),
            option("--revision main", "revision", needs=[deep, base]),
            option("--epochs 1", "epochs", later=True, needs=[deep, base]),
            option("--batch-size 8", "batch_size", later=True, needs=[deep, base]),
            option("--learning-rate 1e-4", "learning_rate", later=True, needs=[deep, base]),
            option("--max-tokens 32", "max_tokens", later=True, needs=[deep, base]),
            option("--device cpu", "device", later=True, needs=[deep, base]),
            option("--resume", "resume", later=True, needs=[deep, base]),
            option("--no-blend", "blend", later=True, needs=[deep, base]),
            option("--artifacts new", "artifacts", later=True),
        ),
        prepare,
        places,
        code=3,
    )


def serialize_reading(places: Mapping[str, Path]) -> Table:
    """Of a run that is not there: the reviews are read before."""
    reviews = option("--reviews reviews.csv", "reviews_path", said("reviews.csv: "))
    return Table(
        "serialize",
        (
            *(replace(one, needs=(reviews,)) for one in labelled()),
            reviews,
            option("--to new", "destination", later=True),
            option("--sign {private}", "key", later=True),
            option("--also sklearn", "also", later=True),
            option("--unsure-below 0.8", "unsure_below", later=True),
            option("--engine onnx", "engine", later=True),
            option("--engine torch", "engine", later=True),
            option("--precision int8", "precision", later=True),
            option("--precision fp32", "precision", later=True),
            option("--artifacts {empty}", "artifacts", said("empty/runs")),
        ),
        lambda folder, traits, names: (
            ["none", *_labelled_file(folder, traits, names & {"label_column"})]
            if "reviews_path" in names
            else ["none"]
        ),
        places,
        code=4,
    )


def serialize_fast(places: Mapping[str, Path]) -> Table:
    """Of the fast model."""

    def prepare(folder: Path, traits: frozenset[str], _: frozenset[str]) -> list[str]:
        write_reviews(folder, traits, labelled=True)
        for name in ("artifacts", "mine"):
            shutil.copytree(places["root"] / "runs", folder / name / "runs")
        return []

    return Table(
        "serialize",
        (
            option("--to new", "destination", lambda ran: (ran.folder / "new" / "fast").is_dir()),
            option("--sign {private}", "key", lambda ran: any(ran.folder.rglob("manifest.sig"))),
            option("--also sklearn", "also", lambda ran: any(ran.folder.rglob("*.sklearn.joblib"))),
            option("--unsure-below 0.8", "unsure_below", _seals_threshold),
            option("--engine onnx", "engine"),
            option("--precision fp32", "precision"),
            option("--reviews reviews.csv", "reviews_path"),
            option("--artifacts mine", "artifacts", other=("--artifacts", "{empty}")),
        ),
        prepare,
        places,
    )


def _seals_threshold(ran: Ran) -> bool:
    sealed = ran.folder.rglob("manifest.json")
    return any(b'"unsure_below":0.8' in one.read_bytes() for one in sealed)


def verify_folder(places: Mapping[str, Path]) -> Table:
    return _verify(places, "{artifact}")


def verify_server(places: Mapping[str, Path]) -> Table:
    return _verify(places, "{url}")


def _verify(places: Mapping[str, Path], target: str) -> Table:
    def prepare(_: Path, __: frozenset[str], names: frozenset[str]) -> list[str]:
        is_server = target == "{url}"
        arguments = [target]
        arguments += ["--artifacts", "{root}"] * (is_server and "artifacts" not in names)
        return arguments + ["--api-key-file", "{keys}"] * (
            is_server and "api_key_file" not in names
        )

    other = ("--api-key-file", "{other_keys}")
    keys = option("--api-key-file {keys}", "api_key_file", other=other)
    timeout = option("--timeout 20", "timeout", other=("--timeout", "0"), named=["with the folder"])
    report = option(
        "--report p.md",
        "report",
        lambda ran: (ran.folder / "p.md").is_file(),
        named=["with the folder"],
    )
    return Table("verify", (*TRUST, keys, timeout, report, ARTIFACTS), prepare, places)


def explain(places: Mapping[str, Path]) -> Table:
    return Table(
        "explain",
        (
            option("--json", "as_json", lambda ran: ran.text.startswith("{")),
            option("--top 1", "top", lambda ran: len(ran.text.splitlines()) == 4),
            ARTIFACTS,
        ),
        lambda _, __, names: [GOOD, *([] if "artifacts" in names else ["--artifacts", "{root}"])],
        places,
    )


def serve(places: Mapping[str, Path]) -> Table:
    """Settings and models are printed in place of serving; see `recorder`."""

    def shows(name: str, value: object) -> Seen:
        return lambda ran: bool(ran.text) and json.loads(ran.text)[name] == value

    everywhere = "0.0.0.0"  # noqa: S104
    other_machine = option(
        f"--host {everywhere}", "host", shows("host", everywhere), named=[everywhere]
    )
    capture = option("--capture captured", "capture", shows("capture", "captured"))
    ray = option("--engine ray", "engine", other=("--engine", "local"), named=["Ray"])
    return Table(
        "serve",
        (
            option("--engine local", "engine", other=("--engine", "ray")),
            ray,
            option("--ray-address 127.0.0.1:1", "ray_address", needs=[ray]),
            option("--replicas 1-2", "replicas", needs=[ray]),
            capture,
            option(
                "--capture-share 0.5",
                "capture_share",
                shows("capture_share", 0.5),
                needs=[capture],
            ),
            option(
                "--capture-megabytes 65",
                "capture_megabytes",
                shows("capture_megabytes", 65),
                needs=[capture],
            ),
            option("--allow-host a.example", "allow_hosts", shows("allow_hosts", ["a.example"])),
            option(
                "--cors-origin https://a.example",
                "cors_origins",
                shows("cors_origins", ["https://a.example"]),
            ),
            option("--host ::1", "host", shows("host", "::1")),
            other_machine,
            option("--port 5001", "port", shows("port", 5001)),
            option("--workers 2", "workers", shows("workers", 2)),
            option("--threads 9", "threads", shows("threads", 9)),
            option("--in-flight 65", "most_in_flight", shows("most_in_flight", 65)),
            option("--only fast", "only", shows("slots", ["fast"])),
            option("--only deep", "only", shows("slots", ["deep"])),
            option("--device cpu", "device", shows("device", "cpu")),
            option("--api-key-file {keys}", "api_key_file", shows("keys", ["0123456789abcdef"])),
            option("--insecure", "insecure", shows("keys", []), needs=[other_machine]),
            option("--rate 5", "rate", shows("rate", 5.0)),
            option("--proxies 1", "proxies", shows("proxies", 1)),
            option("--drain 2", "drain", shows("drain", 2.0)),
            option("--batch-size 3", "batch_size", shows("batch_size", 3)),
            option("--batch-size 1", "batch_size", shows("batch_size", 1)),
            option("--batch-wait 0.5", "batch_wait", shows("batch_wait", 0.5)),
            option("--no-request-log", "log_requests", shows("log_requests", False)),
            option("--log-format text", "log_format", shows("readable_log", True)),
            option("--max-body 2", "max_body", shows("max_body", 2 * 2**20)),
            option("--max-texts 9", "max_texts", shows("max_texts", 9)),
            option("--sagemaker", "sagemaker", shows("sagemaker", True)),
            option(
                "--expect-digest {digest}", "expect_digest", shows("digest", str(places["digest"]))
            ),
            option(
                "--require-signature {public}",
                "require_signature",
                shows("public_key", str(places["public"])),
            ),
            option(
                "--not-before 2001-01-01",
                "not_before",
                shows("not_before", "2001-01-01 00:00:00+00:00"),
                needs=[SIGNED],
            ),
            option("--artifacts {root}", "artifacts", shows("root", str(places["root"]))),
        ),
        lambda _, __, ___: [],
        places,
    )


def doctor(places: Mapping[str, Path]) -> Table:
    return Table("doctor", (ARTIFACTS,), lambda _, __, ___: [], places)


def quickstart(places: Mapping[str, Path]) -> Table:
    """On a few reviews where NSMC would be."""

    def prepare(folder: Path, _: frozenset[str], __: frozenset[str]) -> list[str]:
        write_corpus(folder / "data" / "nsmc")
        return []

    return Table(
        "quickstart",
        (
            option("--no-serve", "serves", lambda ran: "Serve it:" in ran.stderr),
            option("--artifacts new", "artifacts", lambda ran: (ran.folder / "new").is_dir()),
        ),
        prepare,
        places,
    )


def data(places: Mapping[str, Path]) -> Table:
    """From a folder without the corpus, which is refused once the other folder is made.

    One without the archive is refused before.
    """

    def made(ran: Ran) -> bool:
        return (ran.folder / "new").is_dir() != ("--unlabelled" in ran.arguments)

    return Table(
        "data",
        (
            option("--from {empty}", "source", said("empty")),
            option("--to new", "destination", made),
            option("--unlabelled", "unlabelled", said(".tar.gz")),
        ),
        lambda _, __, names: [] if "source" in names else ["--from", "{root}"],
        places,
        code=3,
    )


def artifacts_list(places: Mapping[str, Path]) -> Table:
    return Table("artifacts list", (ARTIFACTS,), lambda _, __, ___: [], places)


def artifacts_show(places: Mapping[str, Path]) -> Table:
    card = option("--card", "card", lambda ran: ran.text.startswith("# "))
    return Table(
        "artifacts show",
        (ARTIFACTS, card),
        lambda _, __, names: [
            "fast",
            *([] if "artifacts" in names else ["--artifacts", "{root}"]),
        ],
        places,
    )


def runs_list(places: Mapping[str, Path]) -> Table:
    return Table("runs list", (ARTIFACTS,), lambda _, __, ___: [], places)


def runs_show(places: Mapping[str, Path]) -> Table:
    return Table("runs show", (ARTIFACTS,), lambda _, __, ___: [], places)


def runs_note(places: Mapping[str, Path]) -> Table:
    def prepare(folder: Path, _: frozenset[str], __: frozenset[str]) -> list[str]:
        shutil.copytree(places["root"] / "runs", folder / "mine" / "runs")
        return ["{run}", "one of mine"]

    other = ("--artifacts", "{empty}")
    return Table(
        "runs note", (option("--artifacts mine", "artifacts", other=other),), prepare, places
    )


def compare(places: Mapping[str, Path]) -> Table:
    def prepare(folder: Path, traits: frozenset[str], names: frozenset[str]) -> list[str]:
        arguments = _labelled_file(folder, traits, names)
        arguments += [] if "artifacts" in names else ["--artifacts", "{root}"]
        arguments += [] if "data" in names else ["--data", "reviews.csv"]
        return ["fast", "{run}", *arguments]

    return Table(
        "compare",
        (
            *labelled(),
            option("--data reviews.csv", "data"),
            option("--json", "as_json", lambda ran: ran.text.startswith("{")),
            option("--top 0", "top"),
            ARTIFACTS,
        ),
        prepare,
        places,
    )


def artifacts_use(places: Mapping[str, Path]) -> Table:
    other = ("--model", "deep")
    model = option("--model fast", "model", other=other, needs=[ARTIFACTS], named=["in artifacts"])
    return Table("artifacts use", (ARTIFACTS, model), lambda _, __, ___: ["{digest}"], places)


def artifacts_prune(places: Mapping[str, Path]) -> Table:
    def prepare(folder: Path, _: frozenset[str], __: frozenset[str]) -> list[str]:
        for digit in "abcdef":  # one more than stay
            (folder / "old" / "fast" / (digit * 64)).mkdir(parents=True)
        return []

    other = ("--artifacts", "{empty}")
    return Table(
        "artifacts prune", (option("--artifacts old", "artifacts", other=other),), prepare, places
    )


def pull(places: Mapping[str, Path]) -> Table:
    """From a folder without a model, which has no revisions: the reviews are read before."""
    reviews = option("--reviews reviews.csv", "reviews_path", said("reviews.csv: "))
    return Table(
        "pull",
        (
            *(replace(one, needs=(reviews,)) for one in labelled("--review-labels")),
            reviews,
            option("--blend", "blend", needs=(reviews,), later=True),
            option("--no-blend", "blend", needs=(reviews,), later=True),
            option("--revision main", "revision", later=True),
            option("--labels negative,positive", "labels", later=True),
            option("--engine torch", "engine", later=True),
            option("--precision fp32", "precision", later=True),
            option("--artifacts new", "artifacts", later=True),
        ),
        _prepare_pull,
        places,
        code=4,
    )


def _prepare_pull(folder: Path, traits: frozenset[str], names: frozenset[str]) -> list[str]:
    if "reviews_path" not in names:
        return ["{empty}"]
    return ["{empty}", *_labelled_file(folder, traits, names & {"label_column"})]


MAKERS = (
    *(runs_list, runs_show, runs_note, compare),
    *(predict, drift, evaluate, train, serialize_reading, serialize_fast, explain, serve, doctor),
    *(
        data,
        artifacts_list,
        artifacts_show,
        artifacts_use,
        artifacts_prune,
        pull,
        verify_folder,
        verify_server,
    ),
    quickstart,
)
