"""An older artifact that the same key has signed is no match for --not-before."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.artifacts.manifest import Manifest
from pipeline.artifacts.publishing import publish
from pipeline.artifacts.verification import Trust, load_artifact
from pipeline.errors import ArtifactRefused, InvalidInput
from pipeline.handlers.loading import load_folder
from tests.support.command import run
from tests.support.paths import Invoke
from tests.torture.small import Small, make_small


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return make_small(tmp_path_factory.mktemp("replayed"))


@pytest.fixture(scope="module")
def trained(small: Small) -> datetime:
    """When the artifact was trained."""
    return datetime.fromisoformat(load_artifact(small.folder).manifest.created_at)


Seal = Callable[[str], Path]


@pytest.fixture
def seal(small: Small, tmp_path: Path) -> Seal:
    """Seal the artifact again, signed, with this as the time of its training."""
    artifact = load_artifact(small.folder)

    def made(created_at: str) -> Path:
        manifest: Manifest = replace(artifact.manifest, created_at=created_at)
        key = small.root / "private.pem"
        return tmp_path / "fast" / publish(tmp_path, manifest, artifact.files, load_folder, key)

    return made


def test_one_older_than_demanded_is_refused(small: Small, trained: datetime) -> None:
    load_folder(small.folder, replace(small.trust, not_before=trained))
    later = replace(small.trust, not_before=trained + timedelta(milliseconds=1))
    with pytest.raises(ArtifactRefused, match="it was trained at"):
        load_folder(small.folder, later)


@pytest.mark.parametrize("time", ["", "yesterday", "2999-01-01", "2999-13-01T00:00:00+00:00"])
def test_what_names_no_moment_is_refused(small: Small, seal: Seal, time: str) -> None:
    folder = seal(time)
    load_folder(folder, small.trust)
    with pytest.raises(ArtifactRefused, match="not to be understood"):
        load_folder(folder, replace(small.trust, not_before=datetime(2020, 1, 1, tzinfo=UTC)))


def test_times_are_compared_over_time_zones(small: Small, seal: Seal) -> None:
    folder = seal("2026-03-01T08:59:59+09:00")
    before = datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC)
    load_folder(folder, replace(small.trust, not_before=before))
    with pytest.raises(ArtifactRefused, match="it was trained at"):
        load_folder(folder, replace(small.trust, not_before=before + timedelta(seconds=1)))


def test_a_time_that_is_not_signed_is_not_believed() -> None:
    with pytest.raises(InvalidInput, match="--require-signature"):
        Trust(not_before=datetime(2020, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("date", ["", "yesterday", "2026-02-30", "20261"])
def test_what_is_no_date_is_refused(date: str, small: Small, invoke: Invoke) -> None:
    signed = ["--require-signature", small.root / "public.pem"]
    assert invoke("verify", small.folder, *signed, "--not-before", date).exit_code == 2


def test_commands_refuse_what_was_put_back(small: Small, trained: datetime) -> None:
    signed = ["--require-signature", small.root / "public.pem"]
    listed = run("artifacts", "list", "--artifacts", small.root).stdout.decode().splitlines()
    shown = (trained.isoformat(timespec="milliseconds"), listed[-1].split()[2])
    for time in shown:
        assert run("verify", small.folder, *signed, "--not-before", time).code == 0
    later = {
        f"SENTIMENT_{command}_NOT_BEFORE": str((trained + timedelta(days=1)).date())
        for command in ("VERIFY", "PREDICT")
    }
    assert run("verify", small.folder, *signed, env=later).code == 4
    predict = ["--fast", "--text", "x", "--artifacts", small.root]
    assert run("predict", *predict, *signed, env=later).code == 4
