"""The transformer's parts: batches, engines, int8, the gate; with the real model where it is."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts.runs import find_run, load_run
from pipeline.artifacts.verification import NETWORK, PARAMETERS, TOKENIZER, load_artifact
from pipeline.errors import ArtifactRefused
from pipeline.handlers.base import Handler
from pipeline.handlers.deep import TransformerHandler
from pipeline.handlers.loading import load_current, load_folder
from pipeline.models.blending import NEVER, Blend, BlendedModel, DeepModel, load_deep
from pipeline.models.linear import log_odds
from pipeline.models.transformer.export import export_files, quantize_files
from pipeline.models.transformer.model import TransformerSettings
from pipeline.models.transformer.tokens import equal_length_batches, pad
from pipeline.reviews.labelled import read_reviews
from pipeline.text.cleaning import clean
from pipeline.workflows import quantization_gate
from pipeline.workflows.pulling import pull
from pipeline.workflows.sealing import Form, serialize
from tests.support.paths import SAMPLE, Invoke

pytestmark = pytest.mark.slow

BATCHES = (7, 32)


def test_batches_hold_rows_of_one_length_and_few_tokens() -> None:
    ids = [[1] * length for length in (3, 9, 3, 5, 3, 3)]
    batches = [batch.tolist() for batch in equal_length_batches(ids, tokens=9)]
    assert batches == [[0, 2, 4], [5], [3], [1]]
    assert list(equal_length_batches([], tokens=9)) == []


def test_padding_is_masked() -> None:
    filled, mask = pad([[5, 6, 7], [8]], filler=1)
    assert filled.tolist() == [[5, 6, 7], [8, 1, 1]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]


@pytest.fixture(scope="module")
def models(deep_root: Path) -> dict[str, DeepModel]:
    """The same run under each engine that is offered."""
    run, files = load_run(find_run(deep_root))
    settings = TransformerSettings.from_record(run.settings)
    exact = export_files(files)
    forms = {
        "torch": (files, settings),
        "fp32": (exact, replace(settings, engine="onnx")),
        "int8": (quantize_files(exact), replace(settings, engine="onnx", precision="int8")),
    }
    return {
        name: load_deep(held, {**run.settings, **form.to_record()})
        for name, (held, form) in forms.items()
    }


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return [clean(text) for text in read_reviews(SAMPLE).texts]


def largest_difference(model: DeepModel, texts: list[str], size: int) -> float:
    """Between answers to all texts at once and to shuffled batches of `size`."""
    order = np.random.default_rng(size).permutation(len(texts))
    expected = model.probabilities(texts)[order]
    shuffled = [texts[row] for row in order]
    parts = [shuffled[start : start + size] for start in range(0, len(texts), size)]
    given = np.concatenate([model.probabilities(part) for part in parts])
    assert ((expected > 0.5) == (given > 0.5)).all()
    return float(np.abs(expected - given).max())


@pytest.mark.parametrize("size", BATCHES)
@pytest.mark.parametrize("engine", ["torch", "fp32", "int8"])
def test_an_answer_does_not_depend_on_its_batch(
    models: dict[str, DeepModel], texts: list[str], engine: str, size: int
) -> None:
    assert largest_difference(models[engine], texts, size) <= 1e-5


def test_engines_agree(models: dict[str, DeepModel], texts: list[str]) -> None:
    exact = models["torch"].probabilities(texts)
    assert np.abs(models["fp32"].probabilities(texts) - exact).max() < 1e-4
    strays = np.abs(models["int8"].probabilities(texts) - exact)
    assert strays.mean() < 0.01, (strays.mean(), strays.max())


def test_int8_that_strays_is_refused(models: dict[str, DeepModel], texts: list[str]) -> None:
    model = models["int8"]
    assert isinstance(model, BlendedModel)
    shifted = replace(model, blend=replace(model.blend, offset=-1e3, threshold=NEVER))
    with pytest.raises(ArtifactRefused, match="--precision fp32"):
        quantization_gate.check("int8", models["fp32"], shifted, texts, [1] * len(texts))
    figures = quantization_gate.check(
        "int8", models["fp32"], models["fp32"], texts, [1] * len(texts)
    )
    assert figures["disagreement"] == 0
    assert figures["accuracy"] == figures["exact_accuracy"]


def test_both_precisions_and_torch_can_be_sealed(deep_root: Path, tmp_path: Path) -> None:
    forms = [Form("torch", "fp32"), Form(precision="int8"), Form(precision="fp32")]
    digests = [serialize(deep_root, None, tmp_path, form=form) for form in forms]
    handlers = [load_folder(tmp_path / "deep" / digest) for digest in digests]
    texts = ["정말 재밌게 잘봤습니다!", "돈 아깝다"]
    answers = [[p.label for p in handler.handle(texts)] for handler in handlers]
    assert answers[0] == answers[1] == answers[2]
    assert load_artifact(handlers[0].folder).files.keys() == {
        "MODEL_CARD.md",
        "config.json",
        "model.joblib",
        "tokenizer.json",
        "weights.safetensors",
    }
    again = serialize(deep_root, None, tmp_path, form=Form(precision="fp32"))
    assert again == digests[2]


def test_bf16_is_compared_with_fp32_and_holds_what_the_cpu_answers(
    deep_root: Path, tmp_path: Path
) -> None:
    exact, small = (
        load_artifact(tmp_path / "deep" / serialize(deep_root, None, tmp_path, form=form)).manifest
        for form in (Form("torch", "fp32"), Form("torch", "bf16"))
    )
    assert small.golden == exact.golden
    assert (exact.tolerance, small.tolerance) == (1e-4, 0.02)
    assert small.metrics["bf16"]["disagreement"] <= 0.01


@pytest.mark.parametrize("name", [NETWORK, TOKENIZER, PARAMETERS])
def test_damaged_files_are_refused(deep_handler: Handler, name: str) -> None:
    artifact = load_artifact(deep_handler.folder)
    with pytest.raises(ArtifactRefused):
        load_deep({**artifact.files, name: b"{}"}, artifact.manifest.settings)
    rest = {key: content for key, content in artifact.files.items() if key != name}
    with pytest.raises(ArtifactRefused, match=r"lacks|holds no"):
        load_deep(rest, artifact.manifest.settings)


@pytest.mark.parametrize("change", [{"engine": "x"}, {"slope": -1.0}, {"max_tokens": 1}, {"a": 1}])
def test_damaged_settings_are_refused(change: dict[str, object]) -> None:
    record = TransformerSettings().to_record()
    record["transformer"].update(change)
    with pytest.raises(ArtifactRefused):
        TransformerSettings.from_record(record)


@pytest.mark.parametrize(
    "change",
    [
        {"ngrams": -1.0},
        {"transformer": float("nan")},
        {"tail": 0.0},
        {"offset": 1},
        {"a": 1.0},
        {"threshold": -1.0},
    ],
)
def test_a_damaged_blend_is_refused(change: dict[str, object]) -> None:
    record = Blend(1.0, 0.5, 0.0, 3.0, 2.0).to_record()
    assert Blend.from_record(record).ngrams == 0.5
    record["blend"].update(change)
    with pytest.raises(ArtifactRefused, match="blend"):
        Blend.from_record(record)


def test_ngrams_that_do_not_fit_their_settings_are_refused(deep_handler: Handler) -> None:
    artifact = load_artifact(deep_handler.folder)
    settings = {**artifact.manifest.settings, "features": {"bits": [7]}}
    with pytest.raises(ArtifactRefused):
        load_deep(artifact.files, settings)


def test_the_parts_of_a_blend_add_up(deep_handler: Handler, texts: list[str]) -> None:
    model = deep_handler.model
    assert isinstance(model, BlendedModel)
    blend = replace(model.blend, tail=1e9, threshold=NEVER)
    straight = blend.transformer * model.transformer.logits(texts) + blend.offset
    straight += blend.ngrams * model.ngrams.logits(texts)
    given = replace(model, blend=blend).probabilities(texts)[:, 1]
    assert given == pytest.approx(1 / (1 + np.exp(-straight)), abs=1e-6)


def test_the_transformer_is_asked_where_the_ngrams_are_unsure(
    deep_handler: Handler, texts: list[str]
) -> None:
    model = deep_handler.model
    assert isinstance(model, BlendedModel)
    odds = np.abs(log_odds(model.ngrams.logits(texts), model.ngrams.tail))
    is_sure = odds >= np.median(odds)
    blend = replace(model.blend, threshold=float(np.median(odds)))
    given = replace(model, blend=blend).probabilities(texts)
    alone = model.ngrams.probabilities(texts)
    asked = replace(model, blend=replace(blend, threshold=NEVER)).probabilities(texts)
    np.testing.assert_array_equal(given, np.where(is_sure[:, None], alone, asked))
    assert not np.array_equal(alone, asked)


def test_answering_loads_neither_torch_nor_transformers(deep_root: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from pipeline.handlers.loading import load_current\n"
        f"print(load_current(Path({str(deep_root)!r}), 'deep').handle(['굿'])[0].label)\n"
        "print({'torch', 'transformers', 'onnx', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[1] == "set()"


def test_predict_and_evaluate_both(
    invoke: Invoke, sample_root: Path, deep_root: Path, tmp_path: Path
) -> None:
    for slot, root in (("fast", sample_root), ("deep", deep_root)):
        (tmp_path / slot).symlink_to(root / slot)
    done = invoke("predict", "--artifacts", tmp_path, "--threads", 1, "--text", "굿")
    assert json.loads(done.stdout)["label"] in ("negative", "positive")
    done = invoke("evaluate", "--fast", "--deep", "--artifacts", tmp_path, "--data", SAMPLE)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert [line.partition("@")[0] for line in lines[1:3]] == ["fast", "deep"]
    assert "the same label for" in lines[3]


@pytest.fixture(scope="module")
def real_model() -> Path:
    folder = os.environ.get("MODELS_DIR")
    if not folder:
        pytest.skip("MODELS_DIR does not name a folder with nsmc-e5-small-ko")
    return Path(folder) / "nsmc-e5-small-ko"


def test_the_real_model_in_int8(real_model: Path, nsmc: Path, tmp_path: Path) -> None:
    """400 reviews: int8 near fp32, and every answer the same in any batch."""
    texts = [clean(text) for text in read_reviews(nsmc / "ratings_train.txt").texts[:400]]
    pull(str(real_model), tmp_path, form=Form(precision="int8"))
    handler = load_current(tmp_path, "deep")
    assert isinstance(handler, TransformerHandler)
    run, files = load_run(find_run(tmp_path))
    exact = load_deep(files, run.settings).probabilities(texts)[:, 1]
    assert ((handler.inference(texts)[:, 1] > 0.5) != (exact > 0.5)).mean() <= 0.01
    tolerance = handler.artifact.manifest.tolerance
    for size in (1, 7):
        assert largest_difference(handler.model, texts[:100], size) <= tolerance
    assert largest_difference(handler.model, texts, 32) <= tolerance
