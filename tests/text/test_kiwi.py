"""Kiwi at the command: a model trained with it, other versions of it, none of it."""

import json
from pathlib import Path

import pytest

from pipeline.artifacts.manifest import digest_of
from pipeline.text.analyzer_packages import missing_packages
from tests.support.command import run
from tests.support.paths import SAMPLE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Artifacts folder with a model trained on Kiwi's morphemes, by the command."""
    if missing_packages("kiwi"):
        pytest.skip("needs the extra [kiwi]")
    root = tmp_path_factory.mktemp("kiwi")
    few = root / "few.tsv"
    few.write_text("".join(SAMPLE.read_text("utf-8").splitlines(keepends=True)[:121]), "utf-8")
    done = run("train", "--tokenizer", "kiwi", "--data", few, "--artifacts", root)
    assert done.code == 0, done.stderr
    done = run("serialize", "--artifacts", root)
    assert done.code == 0, done.stderr
    return root


def test_the_manifest_names_analyzer_and_model(root: Path) -> None:
    (manifest,) = root.glob("fast/*/manifest.json")
    record = json.loads(manifest.read_bytes())
    assert record["settings"]["features"]["tokenizer"] == "kiwi"
    assert {"kiwipiepy", "kiwipiepy_model"} <= set(record["versions"])


@pytest.mark.parametrize(
    ("version", "named"),
    [("0.23.0", "pip install kiwipiepy_model==0.23.0"), ("0; rm -rf ~", "Install that")],
)
def test_a_model_of_another_version_is_refused(
    root: Path, tmp_path: Path, version: str, named: str
) -> None:
    (manifest,) = root.glob("fast/*/manifest.json")
    record = json.loads(manifest.read_bytes())
    record["versions"]["kiwipiepy_model"] = version
    content = json.dumps(record, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    other = tmp_path / digest_of(content)
    other.mkdir()
    for path in manifest.parent.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    (other / "manifest.json").write_bytes(content)
    done = run("verify", other)
    assert done.code == 4
    assert "another version of kiwipiepy_model" in done.stderr
    assert named in done.stderr
    assert "rm -rf" not in done.stderr


def test_without_the_package_the_extra_is_named(root: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['kiwipiepy'] = None\n")
    env = {"PYTHONPATH": str(tmp_path)}
    trained = run("train", "--tokenizer", "kiwi", "--data", SAMPLE, "--artifacts", root, env=env)
    asked = run("predict", "--fast", "--text", "굿", "--artifacts", root, env=env)
    for done in (trained, asked):
        assert done.code == 4
        assert done.stderr.splitlines()[-1].endswith('`pip install "sentiment-toolkit[kiwi]"`.')
