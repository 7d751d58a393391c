"""Where things are that options name."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.artifacts.runs import find_run
from pipeline.handlers.loading import load_current
from pipeline.models.transformer.hub import get_model
from pipeline.training.deep import train_deep
from pipeline.workflows.sealing import Form, serialize
from tests.cli.option_inputs import GOOD
from tests.support.keys import write_key_pair
from tests.support.served import served
from tests.support.tiny_models import SMALL, write_easy_reviews

KEY, OTHER_KEY = "0123456789abcdef", "fedcba9876543210"


def write_keys(path: Path, key: str) -> Path:
    path.write_text(f"{key}\n")
    path.chmod(0o600)
    return path


@pytest.fixture(scope="session")
def places(
    sample_root: Path, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, object]]:
    """Where things are that options name: signed models of both slots, keys, a server."""
    folder = tmp_path_factory.mktemp("options")
    root, deep, empty = folder / "root", folder / "deep", folder / "empty"
    empty.mkdir()
    private, public = write_key_pair(folder, "mine.")
    shutil.copytree(sample_root / "runs", root / "runs")
    digest = serialize(root, None, root, private)
    easy = write_easy_reviews(folder / "easy.tsv")
    train_deep(easy, deep, get_model(str(tiny_bert)), replace(SMALL, epochs=2.0), blend=False)
    teacher = serialize(deep, None, root, private, Form("torch"))
    keys = write_keys(folder / "keys", KEY)
    with served(root, "--only", "fast", "--api-key-file", str(keys)) as server:
        yield {
            "root": root,
            "empty": empty,
            "digest": digest,
            "run": find_run(root).name,
            "deep": deep,
            "teacher": root / "deep" / teacher,
            "artifact": root / "fast" / digest,
            "private": private,
            "public": public,
            "stranger": write_key_pair(folder, "other.")[1],
            "keys": keys,
            "other_keys": write_keys(folder / "other-keys", OTHER_KEY),
            "encoder": tiny_bert,
            "easy": easy,
            "confidence": load_current(root, "fast").handle([GOOD])[0].confidence,
            "url": server.url,
        }
