"""JSON documents give the rows that they hold, in memory that is known."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InvalidInput
from pipeline.files import json_arrays
from pipeline.files.json_documents import json_lines
from tests.support.command import run
from tests.support.scoring_files import read_rejects, read_rows

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
ROWS = st.lists(st.dictionaries(st.text(), VALUES, max_size=4), max_size=6)


def lines(content: bytes) -> list[Any]:
    text = b"".join(json_lines(io.BytesIO(content), "given.json"))
    return [json.loads(line) for line in text.decode().split("\n")[:-1]]


@settings(max_examples=60, deadline=None)
@given(ROWS, st.sampled_from([None, 1]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_an_array_is_read_wherever_its_parts_end(
    rows: list[dict[str, Any]], indent: int | None, encoding: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_arrays, "BLOCK", 3)
        text = json.dumps(rows, indent=indent, ensure_ascii=False)
        assert lines(f" {text}\n".encode(encoding, "surrogatepass")) == rows


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no JSON document"),
        (b"[", "no JSON document .element 1: Expecting value"),
        (b'[{"text": "a"}', "no JSON document .no comma behind element 1"),
        (b'[{"text": "a"},]', "no JSON document .element 2: Expecting value"),
        (b'[{"text": "a"}] []', "no JSON document .more behind its end"),
        (b'[{"text": "a}]', "no JSON document .element 1: Unterminated string"),
        (b'[{"text": "\xff"}]', "no JSON document"),
        (b'{"text": "a"}\n{"text": "b"}', "no JSON document .Extra data.*--input-format jsonl"),
        (b'[{"text": "a"}, 5]', "neither an array of objects"),
        (b"5", "neither an array of objects"),
        (b'{"text": ["a"], "n": []}', "neither an array of objects"),
        (b"[" * 10**6, "no JSON document .maximum recursion"),
        (b'[{"text": ' + b"[" * 10**6, "no JSON document .maximum recursion"),
        (b'[{"text": "' + b"a" * 2**25, "element 1 does not end within 16 million"),
        (b'{"text": ["' + b"a" * 2**26, "an object of more than 64 MiB.*--input-format jsonl"),
    ],
)
def test_other_documents_are_refused(content: bytes, says: str) -> None:
    with pytest.raises(InvalidInput, match=f"given.json .*{says}"):
        lines(content)


def test_a_row_that_is_too_long_costs_no_other(tmp_path: Path, sample_root: Path) -> None:
    texts = ["재밌다", "가" * 2**21, "별로"]
    given_file, output = tmp_path / "given.json", tmp_path / "out.jsonl"
    given_file.write_text(json.dumps([{"text": text} for text in texts]), encoding="utf-8")
    options = ["--fast", "--artifacts", sample_root, "--max-rejects", 1, "-o", output]
    assert run("predict", given_file, *options).code == 0
    assert [row["text"] for row in read_rows(output)] == ["재밌다", "별로"]
    (reject,) = read_rejects(output)
    assert (reject["line"], reject["reason"]) == (2, "longer than 4 MiB")
