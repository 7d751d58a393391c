"""How far texts are from the reference profile: of a file, and of what a server is asked."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.files.sources import Source
from pipeline.handlers.base import Handler
from pipeline.quality.drift import drift, stability_index
from pipeline.quality.profile import SCRIPT_NAMES, reference_profile, text_profile
from pipeline.reports.words.drift import WORDS
from pipeline.server.live_texts import LiveTexts
from pipeline.server.metrics import Metrics
from pipeline.text.cleaning import clean
from pipeline.workflows.file_drift import remedies
from tests.reports.pages import Page
from tests.support.command import run
from tests.support.paths import Invoke


def test_nothing_changed_is_0() -> None:
    texts = ["재밌다", "지루한 영화였다", "not bad"]
    profile = reference_profile(texts, np.array([0.9, 0.1, 0.5]), np.array([1.0, 0.5, 0.0]))
    assert drift(profile, profile) == dict.fromkeys(("length", "scripts", "coverage", "score"), 0.0)
    assert set(drift(profile, text_profile(texts, np.array([0.9, 0.1, 0.5])))) == {
        "length",
        "scripts",
        "score",
    }


def test_the_index_is_the_textbook_s() -> None:
    expected = (0.6 - 0.5) * np.log(0.6 / 0.5) + (0.4 - 0.5) * np.log(0.4 / 0.5)
    assert stability_index([0.5, 0.5], [0.6, 0.4]) == pytest.approx(expected)
    assert np.isfinite(stability_index([1.0, 0.0], [0.0, 1.0]))


def test_drift_of_a_file(invoke: Invoke, sample_root: Path, tmp_path: Path) -> None:
    alike, other = Path("data/sample.tsv"), tmp_path / "other.txt"
    other.write_text("An English review of a film, 10/10\n" * 500)
    options = ("--fast", "--artifacts", sample_root, "--json")
    near = json.loads(invoke("drift", *options, alike).stdout)
    far = json.loads(invoke("drift", *options, other).stdout)
    assert (near["texts"], far["texts"]) == (848, 500)
    assert near["indexes"]["scripts"] < 0.1 < 0.25 < far["indexes"]["scripts"]
    shown = invoke("drift", "--fast", "--artifacts", sample_root, other)
    assert "changed much" in shown.stdout
    command = f"sentiment train --unlabelled {other}"
    assert far["remedies"] == [command]
    assert shown.stderr.endswith(f"{command}\n")


def test_an_empty_file_is_told(invoke: Invoke, sample_root: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    result = invoke("drift", "--fast", "--artifacts", sample_root, tmp_path / "empty.txt")
    assert result.exit_code == 3


def test_live_texts_are_profiled_as_a_file_is(handler: Handler) -> None:
    texts = [f"리뷰 {n} {'ㅋ' * (n % 7)}" for n in range(300)]
    live = LiveTexts(2, Metrics(()))
    answers = handler.handle(texts)
    for answer in answers:
        live.add(handler, [answer])
    live.flush()
    profile = live.profile("fast")
    cleaned = [clean(text) for text in texts]
    positive = handler.inference(cleaned)[:, 1]
    due = text_profile(cleaned, positive)
    assert profile["texts"] == pytest.approx(300, rel=0.001)
    assert profile["length"] == pytest.approx(due["length"], abs=1e-5)
    assert profile["score"] == pytest.approx(due["score"], abs=0.01)
    assert [profile["scripts"][name] for name in SCRIPT_NAMES] == pytest.approx(
        [due["scripts"][name] for name in SCRIPT_NAMES], abs=1e-5
    )


def test_the_page_says_what_the_indexes_mean(
    invoke: Invoke, sample_root: Path, tmp_path: Path
) -> None:
    other, few = tmp_path / "other.txt", tmp_path / "few.txt"
    other.write_text("An English review of a film, 10/10\n" * 500)
    few.write_text("재밌다\n" * 199, encoding="utf-8")
    page, figures = tmp_path / "page.html", tmp_path / "figures.json"
    options = ("--fast", "--artifacts", sample_root, "--report")
    assert run("drift", other, *options, page, "--lang", "en").code == 0
    assert invoke("drift", other, *options, figures).exit_code == 0
    shown = Page(page.read_text("utf-8"))
    record = json.loads(figures.read_text("utf-8"))
    indexes = record["drift"]["indexes"]
    for text in (record["remedies"][0], WORDS["en"]["remedy"], WORDS["en"]["remedy_fast"]):
        assert text.replace("`", "") in shown.text
    assert [one["feature"] for one in indexes] == ["length", "scripts", "score"]
    for one in indexes:
        assert f"{one['index']:.3f}" in shown.text
    assert WORDS["en"]["scripts_changed much"] in shown.text
    assert shown.addresses == []
    told = invoke("drift", few, *options, page, "--lang", "ko")
    assert told.stdout.count("too few reviews to say") == 3
    assert WORDS["ko"]["too_few"].format(reviews=199, fewest=200) in page.read_text("utf-8")
    assert WORDS["ko"]["remedy"] not in page.read_text("utf-8")
    refused = invoke("drift", few, "--fast", "--artifacts", sample_root, "--lang", "ko")
    assert refused.exit_code == 2


@pytest.mark.parametrize(
    ("slot", "data", "command"),
    [
        ("fast", {}, "sentiment train --unlabelled 'a b.csv' --unlabelled -"),
        (
            "deep",
            {"hub": {"repository": "owner/tiny", "commit": "c" * 40}},
            f"sentiment pull owner/tiny --revision {'c' * 40} --reviews LABELLED",
        ),
        (
            "deep",
            {"hub": {"repository": "mine", "commit": None}},
            "sentiment pull DIR --reviews LABELLED",
        ),
        (
            "deep",
            {"base": {"repository": "mine", "commit": None}},
            "sentiment train --deep --base DIR --data LABELLED",
        ),
    ],
)
def test_the_remedy_is_a_command_for_the_model(
    handler: Handler, slot: str, data: dict[str, object], command: str
) -> None:
    manifest = replace(handler.artifact.manifest, slot=slot, data=data)
    sources = [Source.named(path, "csv") for path in ("a b.csv", "-")]
    assert remedies(manifest, sources) == [command]
