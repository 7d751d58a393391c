import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.artifacts.golden import golden_texts
from pipeline.handlers.base import Handler
from pipeline.handlers.fast import LinearHandler
from pipeline.workflows.explaining import explain
from tests.support.paths import Invoke


@given(text=st.text(max_size=60) | st.sampled_from(golden_texts()))
def test_the_parts_sum_to_the_logit(handler: Handler, text: str) -> None:
    assert isinstance(handler, LinearHandler)
    explanation = explain(handler, text)
    total = explanation.intercept + sum(c.logit for c in explanation.contributions)
    assert total == pytest.approx(explanation.logit, abs=1e-9)
    covered = sum(c.logit for c in explanation.contributions if c.end > c.start)
    assert explanation.by_character().sum() == pytest.approx(covered, abs=1e-9)


def test_spans_are_those_of_the_text(handler: Handler) -> None:
    assert isinstance(handler, LinearHandler)
    explanation = explain(handler, " 정말\n안 봐요 ")
    assert explanation.cleaned == "정말 안 봐요"
    for part in explanation.contributions:
        covered = explanation.cleaned[part.start : part.end]
        if part.view != "words":
            assert part.ngram.strip("|") in (covered, covered.replace(" ", ""))


def test_the_command_colours_the_text(invoke: Invoke, sample_root: Path) -> None:
    result = invoke("explain", "정말 지루하다", "--artifacts", sample_root, color=True)
    assert result.exit_code == 0
    assert "\x1b[" in result.output.split("\n")[0]
    assert "(intercept)" in result.output


def test_the_command_prints_no_colour_into_a_pipe(invoke: Invoke, sample_root: Path) -> None:
    result = invoke("explain", "정말 지루하다", "--artifacts", sample_root)
    assert result.output.split("\n")[0] == "정말 지루하다"


def test_json_sums_too(invoke: Invoke, sample_root: Path) -> None:
    record = json.loads(invoke("explain", "굿", "--json", "--artifacts", sample_root).output)
    total = record["intercept"] + sum(part["logit"] for part in record["contributions"])
    assert total == pytest.approx(record["logit"], abs=1e-9)
