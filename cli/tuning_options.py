"""The options of `train --deep`: the encoder, how it is fine-tuned, and where."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from cli.options import Command, FiniteRange, added, device_option

if TYPE_CHECKING:
    from pipeline.training.finetuning import FineTuningSettings

_OPTIONS = (
    click.option(
        "--base", metavar="REPO|DIR", help="Deep: pre-trained encoder, from a hub or a folder."
    ),
    click.option(
        "--revision",
        metavar="REV",
        help="Deep: commit, branch or tag of the encoder; left out: the main branch.",
    ),
    click.option(
        "--epochs",
        type=FiniteRange(0, min_open=True),
        help="Deep: passes over the training reviews; may be a fraction. Left out: 2, on a GPU 3.",
    ),
    click.option(
        "--batch-size",
        type=click.IntRange(1, 65_536),
        help="Deep: reviews a step. Left out: 32, on a GPU 512, with --unlabelled 1024.",
    ),
    click.option(
        "--learning-rate",
        type=FiniteRange(0, 1, min_open=True),
        help="Deep: of the top layer at its peak. Left out: 8e-5, on a GPU 3e-4, with "
        "--unlabelled 5e-4.",
    ),
    click.option(
        "--max-tokens",
        type=click.IntRange(4, 8192),
        help="Deep: tokens of a review that are learned from. Left out: 64.",
    ),
    click.option(
        "--resume",
        is_flag=True,
        help="Deep: continue a training that was stopped; only --epochs and --blend may differ.",
    ),
    click.option(
        "--blend/--no-blend",
        default=True,
        help="Deep: add n-grams to the encoder, which is more accurate; or use the encoder alone.",
    ),
    device_option,
)
TUNING = ("epochs", "batch_size", "learning_rate", "max_tokens")
"""Names of the parameters that are fields of FineTuningSettings."""

FOR_DEEP = ("base", "revision", *TUNING, "resume", "blend")
"""Names of all their parameters but --device, which is for teachers, too."""


def tuning_options(command: Command) -> Command:
    """Add the options of `train --deep`."""
    return added(command, _OPTIONS)


def tuning_settings(device: str, is_taught: bool, **given: Any) -> "FineTuningSettings":
    """How to fine-tune on a device of this kind: as given, else as is best there.

    `given`: fields of FineTuningSettings, None where they were left out.
    """
    from pipeline.training.finetuning import FineTuningSettings

    wanted = {name: value for name, value in given.items() if value is not None}
    return replace(FineTuningSettings.for_device(device, is_taught), **wanted)
