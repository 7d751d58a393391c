"""The names of our packages are ours alone in the environment."""

from importlib.metadata import packages_distributions

import pytest


@pytest.mark.parametrize("package", ["cli", "pipeline", "sentiment"])
def test_no_dependency_ships_our_top_level_names(package: str) -> None:
    assert set(packages_distributions()[package]) == {"sentiment-toolkit"}
