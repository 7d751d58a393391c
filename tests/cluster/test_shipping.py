"""Artifacts on their way to other machines."""

import tempfile
from pathlib import Path

import pytest

from pipeline.artifacts.pointer import current_artifact
from pipeline.cluster.shipping import pack, unpack
from pipeline.handlers.loading import load_folder
from pipeline.models.hardware import ALL


@pytest.mark.parametrize(
    ("root", "slot"),
    [("sample_root", "fast"), pytest.param("deep_root", "deep", marks=pytest.mark.slow)],
)
def test_nothing_stays_on_the_disk_once_it_is_loaded(
    root: str,
    slot: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """Ray kills its processes, which could not remove anything then."""
    folder = current_artifact(request.getfixturevalue(root), slot)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    handler = unpack(pack(folder), folder.name, ALL)
    assert not list(tmp_path.iterdir())
    assert handler.handle(["굿", "노잼"]) == load_folder(folder).handle(["굿", "노잼"])
