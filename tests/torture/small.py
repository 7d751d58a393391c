"""A small artifact to torture, signed: a manifest of 20 kB and parameters of half a kilobyte."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.artifacts.pointer import current_artifact
from pipeline.artifacts.verification import Trust
from pipeline.models.feature_settings import FeatureSettings
from pipeline.training.fast import train
from pipeline.training.fitting import LinearSettings
from pipeline.workflows.sealing import serialize
from tests.support.keys import write_key_pair
from tests.support.paths import SAMPLE


@dataclass(frozen=True)
class Small:
    """A store with two runs, the older of which is sealed, signed and current."""

    root: Path
    older: str
    newer: str
    trust: Trust

    @property
    def folder(self) -> Path:
        """Folder of the current artifact."""
        return current_artifact(self.root, "fast")


def make_small(root: Path) -> Small:
    """Train twice on the sample, each in a fraction of a second, and seal the first run."""
    older, newer = (train(SAMPLE, root, small_settings(seed)).id for seed in (0, 1))
    private, public = write_key_pair(root)
    serialize(root, older, root, private)
    return Small(root, older, newer, Trust(public_key=public))


def small_settings(seed: int) -> LinearSettings:
    features = FeatureSettings(bits=(6, 7))
    return LinearSettings(features, inverse_regularizations=(4.0,), passes=2, seed=seed)
