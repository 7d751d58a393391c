"""Models as people have them, after public reports: each is pulled, or refused in a sentence."""

import json
import os
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import ArtifactRefused, InvalidInput, ModelMissing
from pipeline.handlers.base import Handler
from pipeline.handlers.loading import load_current
from pipeline.models.transformer.hub import get_model
from pipeline.reviews.labelled import read_reviews
from pipeline.training.deep import train_deep
from pipeline.workflows.pulling import pull
from pipeline.workflows.sealing import Form
from tests.support.paths import Invoke
from tests.support.tiny_models import SMALL, make_model, write_easy_reviews

pytestmark = pytest.mark.slow

safetensors = pytest.importorskip("safetensors.numpy", reason="needs the extra [deep]")
load_file, save_file = safetensors.load_file, safetensors.save_file

TORCH = Form(engine="torch")
HEAD = "classifier.bias, classifier.weight"
Weights = dict[str, Any]
Change = Callable[[Path], object]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return make_model(tmp_path / "model", "bert")


def change_weights(folder: Path, change: Callable[[Weights], Weights]) -> None:
    path = folder / "model.safetensors"
    save_file(change(load_file(path)), path, metadata={"format": "pt"})


def change_json(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **values}), encoding="utf-8")


def without_head(folder: Path) -> None:
    change_weights(
        folder, lambda w: {key: w[key] for key in w if not key.startswith("classifier.")}
    )


def rename_head(folder: Path) -> None:
    change_weights(
        folder, lambda w: {k.replace("classifier.", "classifier.dense."): w[k] for k in w}
    )


def rename_all(folder: Path) -> None:
    """As torch's DataParallel saves a model."""
    change_weights(folder, lambda w: {f"module.{key}": w[key] for key in w})


def drop_a_layer(folder: Path) -> None:
    change_weights(folder, lambda w: {key: w[key] for key in w if ".layer.1." not in key})


def widen(folder: Path) -> None:
    change_json(folder / "config.json", vocab_size=12_000)


def halve(folder: Path) -> None:
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[: len(content) // 2])


def lengthen(folder: Path) -> None:
    with (folder / "model.safetensors").open("ab") as file:
        file.write(b"0" * 7)


def put_page(folder: Path) -> None:
    (folder / "model.safetensors").write_text("<!DOCTYPE html><title>Not found</title>")


def put_pointer(name: str) -> Change:
    return lambda folder: (folder / name).write_text(
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{'4d' * 32}\nsize 52485220\n"
    )


def cut_in_header(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", 5000) + b'{"a":')


def drop_tokenizer(folder: Path) -> None:
    (folder / "vocab.txt").unlink()


def damage_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{")


def add_token(folder: Path) -> None:
    with (folder / "vocab.txt").open("a", encoding="utf-8") as file:
        file.write("\n[스포]")


def decompose(folder: Path) -> None:
    """A tokenizer that lower-cases takes Hangul apart as well."""
    change_json(folder / "tokenizer_config.json", do_lower_case=True)


def break_numbers(folder: Path) -> None:
    change_weights(
        folder, lambda w: {**w, "classifier.bias": np.full_like(w["classifier.bias"], np.nan)}
    )


def take_unknown_architecture(folder: Path) -> None:
    change_json(folder / "config.json", model_type="kobert-of-mine")


REFUSED: dict[str, tuple[Change, type[Exception], str]] = {
    "no_head": (without_head, ArtifactRefused, f"lack those of the classifier: {HEAD}. It would"),
    "head_renamed": (rename_head, ArtifactRefused, f"{HEAD}; they hold classifier.dense.bias, "),
    "saved by DataParallel": (rename_all, ArtifactRefused, "they hold module.bert.embeddings"),
    "fewer layers": (drop_a_layer, ArtifactRefused, "the encoder: bert.encoder.layer.1."),
    "more layers": (
        lambda folder: change_json(folder / "config.json", num_hidden_layers=1),
        ArtifactRefused,
        "hold bert.encoder.layer.1.attention.+ and 12 more, for which",
    ),
    "mismatch": (widen, ArtifactRefused, r"is \d+ × 32, but config.json makes it 12000 × 32"),
    "no_tok": (drop_tokenizer, ModelMissing, "no tokenizer .none of tokenizer.json, vocab.txt"),
    "damaged tokenizer": (damage_tokenizer, ArtifactRefused, "tokenizer cannot be read"),
    "added_token": (add_token, ArtifactRefused, r"vocabulary of \d+, first '\[스포\]' the id"),
    "nfd": (decompose, ArtifactRefused, r"does not know \d\d% of the words"),
    "lfs": (put_pointer("model.safetensors"), ArtifactRefused, "LFS pointer.+git lfs pull"),
    "lfs of the tokenizer": (put_pointer("vocab.txt"), ArtifactRefused, "^vocab.txt is an LFS"),
    "cut": (halve, ArtifactRefused, r"is cut off: \d+ bytes where its header says \d+"),
    "cut in its header": (cut_in_header, ArtifactRefused, "13 bytes where its header says 5008"),
    "too long": (lengthen, ArtifactRefused, r"is damaged: \d+ bytes where"),
    "a page": (put_page, ArtifactRefused, "holds no safetensors"),
    "not a number": (break_numbers, ArtifactRefused, "not finite"),
    "unknown architecture": (take_unknown_architecture, ArtifactRefused, "kobert-of-mine"),
}
EXIT_CODES = {ArtifactRefused: 4, ModelMissing: 4, InvalidInput: 3}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_line(model: Path, tmp_path: Path, invoke: Invoke, name: str) -> None:
    change, kind, message = REFUSED[name]
    change(model)
    with pytest.raises(kind, match=message) as raised:
        pull(str(model), tmp_path / "root", form=TORCH)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "root").exists()
    done = invoke("pull", model, "--artifacts", tmp_path / "root")
    assert (done.exit_code, done.stderr) == (EXIT_CODES[kind], f"Error: {raised.value}\n")


LABELS: dict[str, tuple[list[str], str | int]] = {
    "three": (["negative", "neutral", "positive"], "3 labels"),
    "sigmoid": (["LABEL_0"], "1 labels"),
    "labels_pos_neg": (["neg", "pos"], "neg, pos do not say.+--labels"),
    "labels_1based": (["1", "2"], "1, 2 do not say.+--labels"),
    "labels_stars": (["0 (부정)", "1 (긍정)"], "do not say.+--labels"),
    "labels_generic": (["LABEL_0", "LABEL_1"], 1),
    "labels_reversed": (["positive", "negative"], 0),
}


@pytest.mark.parametrize("name", LABELS)
def test_labels(model: Path, tmp_path: Path, name: str) -> None:
    labels, expected = LABELS[name]
    change_json(model / "config.json", id2label=dict(enumerate(labels)))
    if isinstance(expected, str):
        with pytest.raises(InvalidInput, match=expected):
            pull(str(model), tmp_path / "root", form=TORCH)
    else:
        assert settings_of(pulled(model, tmp_path))["positive"] == expected


def pulled(folder: Path, root: Path, form: Form = TORCH) -> Handler:
    pull(str(folder), root / "root", form=form)
    return load_current(root / "root", "deep")


def settings_of(handler: Handler) -> dict[str, Any]:
    settings: dict[str, Any] = handler.artifact.manifest.settings["transformer"]
    return settings


def test_heads_of_other_tasks_and_old_buffers_do_no_harm(model: Path, tmp_path: Path) -> None:
    plain = pulled(model, tmp_path / "plain").handle(["굿", "별로"])
    extra = {
        "bert.embeddings.position_ids": np.arange(300)[None],
        "cls.predictions.bias": np.zeros(9, np.float32),
    }
    change_weights(model, lambda w: {**w, **extra})
    assert pulled(model, tmp_path / "extra").handle(["굿", "별로"]) == plain


def test_one_token_type(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "type1", "bert", config={"type_vocab_size": 1})
    assert len(pulled(folder, tmp_path).handle(["굿"])) == 1


@pytest.mark.parametrize(
    ("kind", "positions", "longest"),
    [("bert", 128, 128), ("roberta", 130, 128), ("bert", 300, 256), ("roberta", 258, 256)],
)
def test_texts_are_cut_at_the_models_own_length(
    tmp_path: Path, kind: str, positions: int, longest: int
) -> None:
    """RoBERTa counts positions from behind its filler's id, 1 here, on."""
    config = {"max_position_embeddings": positions, "pad_token_id": 1 if kind == "roberta" else 0}
    folder = make_model(tmp_path / "model", kind, config=config)
    handler = pulled(folder, tmp_path)
    assert settings_of(handler)["max_tokens"] == longest
    assert len(handler.handle(["재미있다 " * 100, "아" * 1000])) == 2


def test_an_exported_model_is_cut_there_too(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "pos128", "bert", config={"max_position_embeddings": 128})
    assert len(pulled(folder, tmp_path, Form(precision="fp32")).handle(["아" * 1000])) == 1


def test_too_few_positions_for_any_text(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "model", "bert", config={"max_position_embeddings": 4})
    with pytest.raises(ArtifactRefused, match="positions for 4 tokens"):
        pull(str(folder), tmp_path / "root")


def test_reviews_tell_reversed_labels(learned: Path, tmp_path: Path) -> None:
    reviews = read_reviews(write_easy_reviews(tmp_path / "easy.tsv"))
    pull(str(learned), tmp_path / "root", form=TORCH, reviews=reviews)
    held_out = load_current(tmp_path / "root", "deep").artifact.manifest.metrics["held_out"]
    assert held_out["accuracy"] > 0.9
    for given, advised in (
        (("positive", "negative"), "negative,positive"),
        (("LABEL_1", "LABEL_0"), "negative,positive"),
    ):
        with pytest.raises(InvalidInput, match=f"worse than chance.+--labels {advised}"):
            pull(str(learned), tmp_path / "other", form=TORCH, labels=given, reviews=reviews)
    assert not (tmp_path / "other").exists()


def test_reviews_tell_a_model_that_knows_nothing(model: Path, tmp_path: Path) -> None:
    path = write_easy_reviews(tmp_path / "easy.tsv")
    rows = path.read_text(encoding="utf-8").splitlines()[1:]
    mixed = [f"{row.split(chr(9))[0]}\t{number // 2 % 2}" for number, row in enumerate(rows)]
    path.write_text("\n".join(("document\tlabel", *mixed, "")), encoding="utf-8")
    with pytest.raises(InvalidInput, match="no better than chance"):
        pull(str(model), tmp_path / "root", form=TORCH, reviews=read_reviews(path))


def test_reviews_of_one_label_are_not_enough(model: Path, tmp_path: Path) -> None:
    reviews = read_reviews(write_easy_reviews(tmp_path / "easy.tsv")).take(range(50))
    with pytest.raises(InvalidInput, match="both labels"):
        pull(str(model), tmp_path / "root", form=TORCH, reviews=reviews)


@pytest.mark.parametrize(
    ("name", "message"),
    [("fewer layers", "lack those of the encoder"), ("mismatch", "12000"), ("nfd", "of the words")],
)
def test_a_base_is_checked_as_well(model: Path, tmp_path: Path, name: str, message: str) -> None:
    REFUSED[name][0](model)
    easy = write_easy_reviews(tmp_path / "easy.tsv")
    with pytest.raises(ArtifactRefused, match=message):
        train_deep(easy, tmp_path / "root", get_model(str(model)), SMALL)


@pytest.mark.parametrize("change", [without_head, rename_head])
def test_a_base_needs_no_head(model: Path, change: Change) -> None:
    from pipeline.models.transformer.pretrained import load_encoder

    change(model)
    change_weights(model, lambda w: {key: w[key] for key in w if "pooler" not in key})
    assert load_encoder(model).config.num_labels == 2


def test_a_base_with_pickled_weights_is_converted(tmp_path: Path) -> None:
    base = get_model(str(make_model(tmp_path / "pickled", "bert", pickled=True)))
    easy, settings = write_easy_reviews(tmp_path / "easy.tsv"), replace(SMALL, epochs=0.5)
    assert train_deep(easy, tmp_path / "root", base, settings, blend=False).metrics


def test_a_base_of_few_positions_is_cut_there(tmp_path: Path) -> None:
    config = {"max_position_embeddings": 32}
    base = get_model(str(make_model(tmp_path / "base", "bert", config=config)))
    easy, settings = write_easy_reviews(tmp_path / "easy.tsv"), replace(SMALL, epochs=0.5)
    run = train_deep(easy, tmp_path / "root", base, settings, blend=False)
    assert run.settings["transformer"]["max_tokens"] == 32


def test_a_real_model_passes_all_checks(tmp_path: Path) -> None:
    if not (models := os.environ.get("MODELS_DIR")):
        pytest.skip("MODELS_DIR does not name a folder with real models")
    handler = pulled(Path(models) / "nsmc-e5-small-ko", tmp_path)
    assert [a.label for a in handler.handle(["최고의 영화", "지루한 영화"])] == [
        "positive",
        "negative",
    ]
    assert settings_of(handler)["max_tokens"] == 256
