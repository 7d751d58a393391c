import shutil
from pathlib import Path

from pipeline.artifacts import builtin
from pipeline.artifacts.pointer import CURRENT, current_artifact
from pipeline.artifacts.verification import MANIFEST
from tests.support.paths import Invoke


def test_tells_versions_and_the_model(invoke: Invoke, sample_root: Path) -> None:
    result = invoke("doctor", "--artifacts", sample_root)
    assert result.exit_code == 0
    assert "+ numpy" in result.output
    assert current_artifact(sample_root, "fast").name[:12] in result.output


def test_tells_how_to_get_a_model(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("doctor", "--artifacts", tmp_path / "nosuch")
    assert result.exit_code == 0
    assert f"+ fast model         {builtin.NAME}, built in" in result.output
    assert "- deep model" in result.output
    assert "sentiment train" in result.output


def test_tells_of_a_damaged_artifact(invoke: Invoke, sample_root: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(sample_root, tmp_path / "artifacts"))
    (current_artifact(root, "fast") / MANIFEST).write_text("{}")
    assert "cannot be read" in invoke("doctor", "--artifacts", root).output


def test_tells_of_a_damaged_record(invoke: Invoke, sample_root: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(sample_root, tmp_path / "artifacts"))
    (root / "fast" / CURRENT).write_text("{}")
    assert "is damaged" in invoke("doctor", "--artifacts", root).output
