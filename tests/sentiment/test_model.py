"""`import sentiment`: what a Python program gets, from whatever it keeps its texts in."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import sentiment
from pipeline.artifacts import builtin
from pipeline.artifacts.pointer import current_artifact
from pipeline.handlers.base import Handler
from tests.support.paths import ROOT

TEXTS = ["정말 재밌다", "돈 아깝다", ""]

PROGRAM = """\
import sentiment
model = sentiment.load()
assert model("재밌다").label == "positive"
assert [answer.label[:3] for answer in model(["최고의 영화", "최악의 영화"])] == ["pos", "neg"]
print(model.name, model.is_builtin, model.explain("졸려 죽는 줄").prediction.label)
"""
LIGHT = """\
import sys, sentiment
print(*sys.modules)
"""
HEAVY = {"numpy", "joblib", "click", "flask", "pydantic", "pandas", "polars", "torch", "sklearn"}


@pytest.fixture(scope="module")
def model(sample_root: Path) -> sentiment.Model:
    return sentiment.load(artifacts=sample_root)


def run_python(program: str, folder: Path) -> str:
    command = [sys.executable, "-W", "error", "-c", program]
    environment = {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_five_lines_in_an_empty_folder(tmp_path: Path) -> None:
    assert run_python(PROGRAM, tmp_path) == f"{builtin.NAME} True negative\n"


def test_importing_it_loads_nothing_heavy(tmp_path: Path) -> None:
    assert not HEAVY.intersection(run_python(LIGHT, tmp_path).split())


def test_it_answers_as_the_handler_does(model: sentiment.Model, handler: Handler) -> None:
    assert (model.name, model.is_builtin) == (handler.name, False)
    assert model(TEXTS) == handler.handle(TEXTS)
    assert model(TEXTS[0]) == handler.handle(TEXTS)[0]
    assert model([]) == []


def series_of_pandas(texts: list[str | None]) -> object:
    pandas = pytest.importorskip("pandas", reason="needs pandas: it is in [dev]")
    return pandas.Series(texts, index=range(10, 10 + len(texts)))


def series_of_polars(texts: list[str | None]) -> object:
    return pytest.importorskip("polars", reason="needs Polars").Series(texts)


def array_of_numpy(texts: list[str | None]) -> object:
    return np.array(texts, dtype=object)


KINDS = [list, tuple, iter, array_of_numpy, series_of_pandas, series_of_polars]


@pytest.mark.parametrize("kind", KINDS)
def test_any_iterable_of_texts_will_do(
    kind: Callable[[list[str]], object], model: sentiment.Model
) -> None:
    assert model(kind(TEXTS)) == model(TEXTS)  # type: ignore[call-overload]


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_text_is_told_by_its_position(
    kind: Callable[[list[str | None]], object], model: sentiment.Model
) -> None:
    with pytest.raises(sentiment.InvalidInput, match="At position 2 "):
        model(kind(["굿", "헐", None]))  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (["굿", float("nan")], "At position 1 .*nan"),
        ([["굿"]], "At position 0 .*list"),
        (b"abc", "At position 0 .*int"),
        ({"review": "굿"}, "A dict is no list"),
        (None, "None"),
        (5, "neither a text nor"),
    ],
)
def test_what_is_no_text_is_refused(values: object, says: str, model: sentiment.Model) -> None:
    with pytest.raises(sentiment.InvalidInput, match=says):
        model(values)  # type: ignore[call-overload]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_table_is_refused(library: str, model: sentiment.Model) -> None:
    frame = pytest.importorskip(library, reason=f"needs {library}").DataFrame({"review": ["굿"]})
    with pytest.raises(sentiment.InvalidInput, match="Give one column"):
        model(frame)


def test_the_parts_of_an_explanation_sum_to_the_logit(model: sentiment.Model) -> None:
    explained = model.explain(TEXTS[0])
    parts = sum(part.logit for part in explained.contributions)
    assert explained.intercept + parts == pytest.approx(explained.logit)
    assert explained.prediction == model(TEXTS[0])
    assert {type(part.logit) for part in explained.contributions} == {float}


@pytest.mark.parametrize("given", [None, ["굿"], 1])
def test_one_text_is_explained_at_a_time(given: object, model: sentiment.Model) -> None:
    with pytest.raises(sentiment.InvalidInput, match="Give one text"):
        model.explain(given)  # type: ignore[arg-type]


def answers_alike_in_threads(model: sentiment.Model) -> bool:
    texts = [f"{text} {number}" for number in range(20) for text in TEXTS]
    alone = [model(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(model, texts * 4))
    return [answer.label for answer in together] == [answer.label for answer in alone] * 4 and (
        np.allclose([a.confidence for a in together], [a.confidence for a in alone] * 4, atol=1e-5)
    )


def test_threads_may_share_it(model: sentiment.Model) -> None:
    assert answers_alike_in_threads(model)


def test_the_deep_one_comes_first_where_there_is_one(deep_root: Path) -> None:
    deep = sentiment.load(artifacts=str(deep_root))
    assert deep.name.startswith("deep@")
    assert answers_alike_in_threads(deep)
    with pytest.raises(sentiment.InvalidInput, match="cannot explain"):
        deep.explain("굿")
    assert sentiment.load("fast", artifacts=deep_root).is_builtin


def test_what_is_demanded_is_checked(sample_root: Path, tmp_path: Path) -> None:
    digest = current_artifact(sample_root, "fast").name
    assert sentiment.load("fast", sample_root, expect_digest=digest).name == f"fast@{digest[:12]}"
    with pytest.raises(sentiment.ArtifactRefused):
        sentiment.load("fast", sample_root, expect_digest="0" * 8)
    with pytest.raises(sentiment.ModelMissing, match="not signed"):
        sentiment.load(artifacts=tmp_path, require_signature=tmp_path / "public.pem")
    with pytest.raises(sentiment.ModelMissing, match="sentiment pull"):
        sentiment.load("deep", artifacts=tmp_path)
    with pytest.raises(sentiment.InvalidInput, match="'fast' or 'deep'"):
        sentiment.load("quick")
