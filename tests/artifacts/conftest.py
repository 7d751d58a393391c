"""Stores of several small artifacts."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.artifacts.pointer import current_artifact
from pipeline.artifacts.publishing import publish
from pipeline.artifacts.verification import load_artifact
from pipeline.handlers.loading import load_folder
from tests.torture.small import make_small


@pytest.fixture(scope="session")
def eight_artifacts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A store of eight fast artifacts, and their digests from the oldest to the current one."""
    small = make_small(tmp_path_factory.mktemp("small"))
    artifact = load_artifact(small.folder)
    root = tmp_path_factory.mktemp("eight")
    times = [f"2030-01-0{day}T00:00:00.000+00:00" for day in range(1, 9)]
    manifests = [replace(artifact.manifest, created_at=time) for time in times]
    return root, [publish(root, one, artifact.files, load_folder) for one in manifests]


@pytest.fixture
def filled(eight_artifacts: tuple[Path, list[str]], tmp_path: Path) -> Path:
    """A store of the test's own with the eight artifacts."""
    return linked_copy(eight_artifacts[0], tmp_path / "filled")


@pytest.fixture
def digests(eight_artifacts: tuple[Path, list[str]]) -> list[str]:
    """The digests of the eight artifacts, from the oldest to the current one."""
    return eight_artifacts[1]


@pytest.fixture
def two_slots(sample_root: Path, deep_root: Path, tmp_path: Path) -> Path:
    """A store with one artifact in each slot."""
    root = Path(shutil.copytree(sample_root / "fast", tmp_path / "both" / "fast")).parent
    shutil.copytree(deep_root / "deep", root / "deep")
    return root


def add_artifact(root: Path, slot: str) -> str:
    """Publish the slot's current artifact once more, with another time; return its digest."""
    artifact = load_artifact(current_artifact(root, slot))
    manifest = replace(artifact.manifest, created_at="2031-01-01T00:00:00.000+00:00")
    return publish(root, manifest, artifact.files, load_folder)


def linked_copy(root: Path, copy: Path) -> Path:
    """A copy of a store that shares the files' bytes with it; artifacts are never written to."""
    lock = shutil.ignore_patterns(".lock")
    return Path(shutil.copytree(root, copy, ignore=lock, copy_function=os.link))
