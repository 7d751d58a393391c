"""`use`: which artifact is meant, and rolling back with one model and with two."""

from pathlib import Path

import pytest

from pipeline.artifacts.pointer import current_artifact, read_current
from pipeline.artifacts.store import PREVIOUS, use_artifact
from pipeline.errors import ArtifactRefused, InvalidInput, ModelMissing
from pipeline.handlers.loading import load_folder
from tests.artifacts.conftest import add_artifact
from tests.support.paths import Invoke


def test_rolling_back_and_forth(filled: Path, digests: list[str]) -> None:
    for expected in (digests[-2], digests[-1], digests[-2]):
        assert use_artifact(filled, PREVIOUS, load_folder).name == expected
        assert current_artifact(filled, "fast").name == expected


@pytest.mark.slow
def test_rolling_back_with_one_previous_artifact(two_slots: Path) -> None:
    before = current_artifact(two_slots, "fast")
    add_artifact(two_slots, "fast")
    assert use_artifact(two_slots, PREVIOUS, load_folder) == before


@pytest.mark.slow
def test_rolling_back_with_two_previous_artifacts(two_slots: Path, invoke: Invoke) -> None:
    before = {slot: current_artifact(two_slots, slot) for slot in ("fast", "deep")}
    after = {slot: add_artifact(two_slots, slot) for slot in before}
    previous = ("artifacts", "use", "previous", "--artifacts", two_slots)
    refused = invoke(*previous)
    assert refused.exit_code == 3
    for slot in before:
        assert f"`sentiment artifacts use previous --model {slot}`" in refused.output
        assert current_artifact(two_slots, slot).name == after[slot]
    for slot, folder in before.items():
        done = invoke(*previous, "--model", slot)
        assert done.output == f"{slot}@{folder.name} is current\n"
        assert current_artifact(two_slots, slot) == folder


@pytest.mark.parametrize("slot", [None, "fast", "deep"])
def test_there_is_no_previous_artifact(sample_root: Path, slot: str | None) -> None:
    with pytest.raises(ModelMissing, match="current before"):
        use_artifact(sample_root, PREVIOUS, load_folder, slot)


def test_any_beginning_that_only_one_has_is_enough(filled: Path, digests: list[str]) -> None:
    for digest in digests:
        beginnings = [digest[:length] for length in range(1, 65)]
        shared = [b for b in beginnings if sum(other.startswith(b) for other in digests) > 1]
        for beginning in shared:
            with pytest.raises(InvalidInput, match="Several artifacts match"):
                use_artifact(filled, beginning, load_folder)
        assert use_artifact(filled, beginnings[len(shared)], load_folder).name == digest


def test_an_empty_digest_is_refused(sample_root: Path, invoke: Invoke) -> None:
    result = invoke("artifacts", "use", "", "--artifacts", sample_root)
    assert result.exit_code == 3
    assert "sentiment artifacts list" in result.output


@pytest.mark.parametrize("digest", ["xyz", "..", "current.json", "0" * 65])
def test_what_no_artifact_is_called_is_refused(sample_root: Path, digest: str) -> None:
    with pytest.raises(ModelMissing, match="artifacts list"):
        use_artifact(sample_root, digest, load_folder)


def test_an_artifact_of_the_other_model_is_not_meant(sample_root: Path) -> None:
    digest = current_artifact(sample_root, "fast").name
    with pytest.raises(ModelMissing):
        use_artifact(sample_root, digest, load_folder, "deep")


def test_what_is_refused_does_not_become_current(filled: Path, digests: list[str]) -> None:
    (filled / "fast" / digests[0] / "extra").touch()
    before = read_current(filled / "fast")
    with pytest.raises(ArtifactRefused, match="extra"):
        use_artifact(filled, digests[0], load_folder)
    assert read_current(filled / "fast") == before
