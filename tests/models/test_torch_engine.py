"""The engine that accelerators use, on a CPU: how they batch, and where they would compute."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts.pointer import current_artifact
from pipeline.artifacts.runs import find_run, load_run
from pipeline.artifacts.verification import CONFIG, TOKENIZER, WEIGHTS
from pipeline.errors import ResourceUnavailable
from pipeline.models.blending import load_deep
from pipeline.models.hardware import CPU, CUDA, Hardware
from pipeline.models.transformer.ahead import ahead
from pipeline.models.transformer.model import BF16, FP32, TORCH, TransformerSettings
from pipeline.models.transformer.tokens import TextEncoder, pad, similar_length_batches
from pipeline.reviews.labelled import read_reviews
from pipeline.text.cleaning import clean_all
from tests.support.paths import SAMPLE, Invoke

pytestmark = pytest.mark.slow
torch = pytest.importorskip("torch", reason="needs the extra [deep]")


def test_batches_hold_rows_of_similar_length_the_longest_first() -> None:
    ids = [[1] * length for length in (3, 9, 3, 5, 3, 20)]
    batches = [batch.tolist() for batch in similar_length_batches(ids, tokens=18)]
    assert batches == [[5], [1, 3], [0, 2, 4]]
    assert list(similar_length_batches([], tokens=9)) == []


def test_rows_are_filled_to_a_multiple() -> None:
    filled, mask = pad([[5, 6, 7], [8]], filler=1, multiple=4)
    assert filled.tolist() == [[5, 6, 7, 1], [8, 1, 1, 1]]
    assert mask.sum() == 4


def test_what_comes_next_is_made_meanwhile() -> None:
    assert list(ahead(n * n for n in range(5))) == [0, 1, 4, 9, 16]
    assert list(ahead([])) == []
    with pytest.raises(ZeroDivisionError):
        list(ahead(1 // n for n in (1, 0)))


@pytest.mark.parametrize("size", [7, 400])
def test_padded_batches_answer_as_those_of_equal_length(deep_root: Path, size: int) -> None:
    from pipeline.models.transformer.torch_engine import TorchEngine, build_module

    _, files = load_run(find_run(deep_root))
    engine = TorchEngine(build_module(files[CONFIG], files[WEIGHTS], Hardware(device=CPU)))
    ids = TextEncoder(files[TOKENIZER], 64).encode(clean_all(read_reviews(SAMPLE).texts))
    parts = [ids[start : start + size] for start in range(0, len(ids), size)]
    with torch.inference_mode():
        streamed = engine.stream(parts)
    assert streamed.shape == (len(ids), 2)
    assert np.abs(streamed - engine(parts)).max() < 1e-5
    assert engine.stream([]).shape == engine([]).shape == (0, 2)


def test_a_model_in_bf16_is_exact_where_that_is_slow(deep_root: Path) -> None:
    run, files = load_run(find_run(deep_root))
    settings = replace(TransformerSettings.from_record(run.settings), engine=TORCH)
    texts = clean_all(read_reviews(SAMPLE).texts)
    answers = {}
    for name, precision, hardware in (
        ("exact", FP32, Hardware()),
        ("same", BF16, Hardware(device=CPU)),
        ("emulated", BF16, Hardware(device=CPU, emulates=True)),
    ):
        record = {**run.settings, **replace(settings, precision=precision).to_record()}
        answers[name] = load_deep(files, record, hardware).probabilities(texts)[:, 1]
    assert (answers["exact"] == answers["same"]).all()
    assert 0 < np.abs(answers["exact"] - answers["emulated"]).max() < 0.05


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there(deep_root: Path, invoke: Invoke) -> None:
    from pipeline.models.transformer.devices import count_devices, find_device

    assert find_device(Hardware(device=CPU)).type == CPU
    assert count_devices(Hardware(device=CPU)) == 1
    with pytest.raises(ResourceUnavailable, match="--device auto or cpu"):
        find_device(Hardware(device=CUDA))
    run = ("--run", find_run(deep_root).name, "--artifacts", deep_root)
    done = invoke("evaluate", *run, "--data", SAMPLE, "--device", CUDA)
    assert done.exit_code == 5
    assert "--device auto or cpu" in done.stderr


def test_a_network_in_onnx_computes_on_the_cpu(deep_root: Path, invoke: Invoke) -> None:
    options = ("--model", "deep", "--artifacts", deep_root, "--text", "굿")
    assert invoke("predict", *options, "--device", CPU).exit_code == 0
    done = invoke("predict", *options, "--device", CUDA)
    assert done.exit_code == 3
    assert "--engine torch" in done.stderr
    fast = invoke("predict", "--fast", "--text", "굿", "--device", CPU)
    assert fast.exit_code == 2
    assert "--device cannot be used with the fast model" in fast.stderr


def test_teachers_compute_on_the_device_that_is_told(
    deep_root: Path, tmp_path: Path, invoke: Invoke
) -> None:
    unlabelled = SAMPLE.parent / "shop-unlabelled.txt"
    lesson = ("--unlabelled", unlabelled, "--teacher", current_artifact(deep_root, "deep"))
    train = ("train", "--data", SAMPLE, *lesson, "--artifacts", tmp_path)
    done = invoke(*train, "--device", CUDA)
    assert done.exit_code == 3
    assert "--engine torch" in done.stderr
    assert not (tmp_path / "runs").exists()
