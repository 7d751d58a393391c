"""One test for each way in which hostile artifacts once did more than be refused."""

import json
import os
import pickle
import pwd
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import joblib
import numpy as np
import pytest

from pipeline.artifacts.listing import list_artifacts
from pipeline.artifacts.pointer import CURRENT, current_artifact
from pipeline.artifacts.unpickling import load_numbers
from pipeline.artifacts.verification import CARD, MANIFEST, PARAMETERS
from pipeline.durability import unfinished
from pipeline.errors import ArtifactRefused
from pipeline.handlers.loading import load_folder
from pipeline.models.linear import LinearModel
from pipeline.workflows.sealing import serialize

NDARRAY = b"\x8c\x05numpy\x8c\x07ndarray\x93"
SETTINGS = {"features": {"bits": [2]}}
PARTS = {"weights": np.zeros(5, dtype=np.int8), "scale": 1.0, "intercept": 0.0, "tail": 1.0}


@pytest.fixture
def root(sample_root: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sample_root, tmp_path / "artifacts"))


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    """An artifact under a name that is no digest, so that its manifest can be forged."""
    return current_artifact(root, "fast").rename(tmp_path / "forged")


@pytest.mark.parametrize("subject", [NDARRAY, NDARRAY + b")\x81", b"\x8c\x01a", b"]"])
def test_nothing_but_a_recipe_takes_a_state(subject: bytes) -> None:
    """An object with an `__array_interface__` of the pickle's choice made numpy read anywhere."""
    state = b"}\x8c\x13__array_interface__}s"
    with pytest.raises(ArtifactRefused, match="takes none"):
        load_numbers(b"\x80\x04" + subject + state + b"b.")


@pytest.mark.parametrize("rest", [NDARRAY, NDARRAY + b")\x81", b"]" + NDARRAY + b"a\x85"])
def test_no_recipe_is_left_in_what_is_loaded(rest: bytes) -> None:
    with pytest.raises(ArtifactRefused, match="something else"):
        load_numbers(b"\x80\x04" + rest + b".")


def test_a_key_that_takes_ages_to_hash_is_refused() -> None:
    nested = b")" + b"\x94h\x00h\x00\x86\x94h\x01h\x01\x86" * 40
    for insertion in (b"K\x01s", b"(" + nested + b"K\x01u"):
        with pytest.raises(ArtifactRefused, match="keys"):
            load_numbers(b"\x80\x04}" + nested + insertion + b".")


def test_a_claim_of_a_gigabyte_takes_none() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ArtifactRefused):
        load_numbers(b"\x80\x05\x96" + (10**9).to_bytes(8, "little") + b"x.")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + 10**5


def test_a_shape_that_takes_ages_to_multiply_is_refused(tmp_path: Path) -> None:
    joblib.dump(np.zeros(2), tmp_path / "array.joblib")
    size, huge = b"K\x02\x85", b"\x8a\xff" + b"\x7f" * 255
    content = (tmp_path / "array.joblib").read_bytes()[11:]
    for shape in (b"(" + huge * 3 + b"t", b"(" + b"K\x01" * 33 + b"t"):
        with pytest.raises(ArtifactRefused, match="shape"):
            load_numbers(b"\x80\x04" + content.replace(size, shape, 1))


def test_what_follows_the_end_is_refused() -> None:
    with pytest.raises(ArtifactRefused, match="after its end"):
        load_numbers(pickle.dumps({"a": 1}, protocol=4) + b".")


def test_names_in_messages_are_short_and_on_one_line() -> None:
    with pytest.raises(ArtifactRefused) as refused:
        load_numbers(b"\x80\x04\x8c\x04o\n\x1bs\x8c\xff" + b"x" * 255 + b"\x93.")
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    "change",
    [
        {"weights": np.zeros((5, 5), dtype=np.int8)},
        {"weights": np.zeros(5, dtype=np.int16)},
        {"weights": np.ones(5, dtype=np.int8)},
        {"tail": 0.0},
        {"tail": -1.0},
        {"scale": np.ones(2), "intercept": np.ones(2)},
        {"scale": True},
        {"scale": 10**400},
        {"scale": 1e308},
        {"intercept": float("nan")},
        {"intercept": "0"},
        {"weights": None},
    ],
)
def test_parameters_of_another_shape_or_type_are_refused(change: dict[str, object]) -> None:
    LinearModel.from_parts(PARTS, SETTINGS)
    with pytest.raises(ArtifactRefused, match="do not fit"):
        LinearModel.from_parts(PARTS | change, SETTINGS)


@pytest.mark.parametrize("size", [10**30, 2**62, 2**31])
def test_a_size_beyond_all_memory_is_refused(folder: Path, size: int) -> None:
    _forge(folder, lambda manifest: _claim(manifest, size))
    with pytest.raises(ArtifactRefused, match="not the file that was sealed"):
        load_folder(folder)


def test_an_artifact_without_parameters_is_refused(folder: Path) -> None:
    _forge(folder, lambda manifest: manifest | {"files": []})
    for name in (PARAMETERS, CARD):
        (folder / name).unlink()
    with pytest.raises(ArtifactRefused, match=PARAMETERS):
        load_folder(folder)


@pytest.mark.parametrize("name", [MANIFEST, PARAMETERS])
def test_a_pipe_is_refused_at_once(folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name, 0o600)
    with pytest.raises(ArtifactRefused, match="no plain file"):
        load_folder(folder)


def test_a_folder_that_cannot_be_listed_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)  # the user nobody may not pass those above it
    relative = Path(folder.name)
    with _not_root(relative):
        load_folder(relative)
        relative.chmod(0o300)
        with pytest.raises(ArtifactRefused, match="cannot be read"):
            load_folder(relative)


def test_a_list_shows_what_has_another_digest_as_unreadable(root: Path) -> None:
    folder = current_artifact(root, "fast")
    folder.rename(folder.with_name("0" * 64))
    assert [stored.manifest for stored in list_artifacts(root)] == [None]


def test_sealing_collects_what_a_crash_left(root: Path) -> None:
    left = unfinished(root / "fast" / CURRENT)
    left.write_text("{")
    serialize(root, None, root)
    assert not left.exists()


@contextmanager
def _not_root(folder: Path) -> Iterator[None]:
    """Root can list every folder: be nobody for a while, whose folder this now is."""
    if os.geteuid() != 0:
        yield
        return
    nobody = pwd.getpwnam("nobody").pw_uid
    folder.parent.chmod(0o755)
    for path in (folder, *folder.iterdir()):
        os.chown(path, nobody, -1)
    os.seteuid(nobody)
    try:
        yield
    finally:
        os.seteuid(0)


def _forge(folder: Path, change: Callable[[dict[str, object]], dict[str, object]]) -> None:
    record = change(json.loads((folder / MANIFEST).read_bytes()))
    text = json.dumps(record, sort_keys=True, separators=(",", ":"))
    (folder / MANIFEST).write_bytes(f"{text}\n".encode())


def _claim(manifest: dict[str, object], size: int) -> dict[str, object]:
    *others, parameters = manifest["files"]  # type: ignore[misc]
    return manifest | {"files": [*others, parameters | {"size": size}]}
