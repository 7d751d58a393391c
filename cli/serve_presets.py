"""Defaults of `serve` that a platform asks for."""

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from cli.serve_options import MIB

SAGEMAKER: dict[str, Any] = {
    "host": "0.0.0.0",  # noqa: S104 - the platform lets nobody but itself ask
    "port": 8080,
    "artifacts": Path("/opt/ml/model"),
    "max_body": 6 * MIB,
    "allow_hosts": ("*",),
}
"""How Amazon SageMaker starts a container and asks it."""

RAY: dict[str, Any] = {"threads": 256, "most_in_flight": 512}
"""Where a request under way costs this machine a waiting thread and nothing else."""


def with_preset(given: dict[str, Any], preset: dict[str, Any]) -> dict[str, Any]:
    """The parameters of the current command with a preset's values for those not given.

    One from the environment counts as given.
    """
    context = click.get_current_context()
    unset = {
        name: value
        for name, value in preset.items()
        if context.get_parameter_source(name) == ParameterSource.DEFAULT
    }
    return {**given, **unset}
