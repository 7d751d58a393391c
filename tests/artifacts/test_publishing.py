import os
import shutil
from pathlib import Path

import joblib
import numpy as np
import pytest

from pipeline.artifacts.golden import golden_texts
from pipeline.artifacts.manifest import Manifest
from pipeline.artifacts.pointer import CURRENT, current_artifact
from pipeline.artifacts.unpickling import load_numbers
from pipeline.artifacts.verification import MANIFEST, PARAMETERS, Trust, load_artifact
from pipeline.errors import ArtifactRefused, ModelMissing
from pipeline.handlers.loading import load_current, load_folder
from pipeline.workflows.sealing import serialize


@pytest.fixture
def root(sample_root: Path, tmp_path: Path) -> Path:
    """A store of the test's own to damage."""
    return Path(shutil.copytree(sample_root, tmp_path / "artifacts"))


@pytest.fixture
def folder(root: Path) -> Path:
    return current_artifact(root, "fast")


def test_the_digest_names_the_folder(folder: Path) -> None:
    assert load_artifact(folder).digest == folder.name


def test_sealing_a_run_twice_gives_the_same_artifact(root: Path, folder: Path) -> None:
    before = (folder.parent / CURRENT).read_bytes()
    assert serialize(root, None, root) == folder.name
    assert (folder.parent / CURRENT).read_bytes() == before


def test_a_damaged_artifact_is_replaced_by_sealing_again(root: Path, folder: Path) -> None:
    (folder / PARAMETERS).write_bytes(b"damaged")
    assert serialize(root, None, root) == folder.name
    load_folder(folder)


def test_the_golden_set_is_large_and_hard(folder: Path) -> None:
    golden = load_artifact(folder).manifest.golden
    assert len(golden) >= 64
    assert [answer.text for answer in golden] == golden_texts()


@pytest.mark.parametrize("name", [MANIFEST, PARAMETERS])
@pytest.mark.parametrize("place", [0, 0.3, 0.9, -1])
def test_a_changed_byte_is_refused(folder: Path, name: str, place: float) -> None:
    content = bytearray((folder / name).read_bytes())
    content[int(place * len(content)) if place >= 0 else -1] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ArtifactRefused):
        load_folder(folder)


def test_missing_and_extra_files_are_refused(folder: Path) -> None:
    (folder / "notes.txt").write_text("hello")
    with pytest.raises(ArtifactRefused, match=r"notes\.txt"):
        load_folder(folder)
    (folder / "notes.txt").unlink()
    (folder / PARAMETERS).unlink()
    with pytest.raises(ArtifactRefused, match=r"model\.joblib"):
        load_folder(folder)


def test_another_digest_than_the_folders_is_refused(folder: Path) -> None:
    other = folder.rename(folder.with_name("0" * 64))
    with pytest.raises(ArtifactRefused, match="another name"):
        load_folder(other)


def test_answers_that_changed_are_refused(folder: Path, tmp_path: Path) -> None:
    """As with a forged manifest, or a processor that computes otherwise."""
    manifest = load_artifact(folder).manifest
    wrong = manifest.golden[0].confidence - 1e-6
    content = manifest.to_bytes().replace(
        repr(manifest.golden[0].confidence).encode(), repr(wrong).encode()
    )
    (folder / MANIFEST).write_bytes(content)
    forged = folder.rename(tmp_path / "forged")
    with pytest.raises(ArtifactRefused, match="golden text 0"):
        load_folder(forged)


def test_a_manifest_that_is_not_canonical_is_refused(folder: Path) -> None:
    content = load_artifact(folder).manifest.to_bytes()
    with pytest.raises(ArtifactRefused, match="canonical"):
        Manifest.from_bytes(content.replace(b",", b", ", 1))


def test_no_artifact_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="sentiment serialize"):
        load_current(tmp_path, "fast", Trust("0" * 64))


class _Hostile:
    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.canary}",)


def test_unpickling_runs_no_code(tmp_path: Path) -> None:
    joblib.dump({"weights": _Hostile(tmp_path / "canary")}, tmp_path / "hostile.joblib")
    with pytest.raises(ArtifactRefused, match=r"posix\.system"):
        load_numbers((tmp_path / "hostile.joblib").read_bytes())
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("kind", [object, "U5", "M8[s]", "c16", [("a", "i4")]])
def test_arrays_of_other_things_than_numbers_are_refused(tmp_path: Path, kind: object) -> None:
    joblib.dump(np.zeros(3, dtype=kind), tmp_path / "array.joblib")  # type: ignore[call-overload]
    with pytest.raises(ArtifactRefused):
        load_numbers((tmp_path / "array.joblib").read_bytes())


@pytest.mark.parametrize("kind", ["?", "i1", "i2", "i8", "u4", "f2", "f4", "f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_numbers_come_back_equal(tmp_path: Path, kind: str, order: str) -> None:
    array = np.arange(12).reshape(3, 4).astype(kind, order=order)  # type: ignore[call-overload]
    joblib.dump({"a": array, "b": [1, 2.5, "다"]}, tmp_path / "array.joblib")
    loaded = load_numbers((tmp_path / "array.joblib").read_bytes())
    assert isinstance(loaded, dict)
    np.testing.assert_array_equal(loaded["a"], array)
    assert loaded["b"] == [1, 2.5, "다"]


@pytest.mark.parametrize("compress", ["zlib", "lzma"])
def test_compressed_files_are_refused(tmp_path: Path, compress: str) -> None:
    joblib.dump({"a": np.zeros(10**6)}, tmp_path / "array.joblib", compress=compress)
    with pytest.raises(ArtifactRefused):
        load_numbers((tmp_path / "array.joblib").read_bytes())
