"""`sentiment train`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from cli.data_options import training_data_option
from cli.figures import metrics_line
from cli.options import (
    FiniteRange,
    artifacts_option,
    device_option,
    refuse,
    refuse_revision_of_folder,
)
from cli.read_options import labelled_options, labelled_settings, say
from cli.teaching_options import find_lesson, teaching_options

FOR_DEEP = (
    *("base", "revision", "epochs", "batch_size", "learning_rate", "max_tokens", "adapted"),
    *("resume", "blend", "device"),
)


@click.command("train")
@training_data_option
@click.option(
    "--test",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Labelled file to measure on; left out: NSMC's own, or a fifth of the file is set aside.",
)
@labelled_options
@teaching_options
@click.option(
    "--seed",
    type=click.IntRange(min=0, max=2**32 - 1),
    default=0,
    help="Seed of the held-out split and of the solver.",
)
@click.option(
    "--tokenizer",
    type=click.Choice(["syllable", "mecab", "okt", "komoran", "hannanum", "kkma"]),
    default="syllable",
    help="syllable: no analyzer. Any other adds n-grams of its morphemes (extra [korean]).",
)
@click.option(
    "--deep", is_flag=True, help="Train the deep model: fine-tune an encoder (extra [deep])."
)
@click.option(
    "--base", metavar="REPO|DIR", help="Deep: pre-trained encoder, from a hub or a folder."
)
@click.option(
    "--revision",
    metavar="REV",
    help="Deep: commit, branch or tag of the encoder; left out: the main branch.",
)
@click.option(
    "--epochs",
    type=FiniteRange(0, min_open=True),
    help="Deep: passes over the training reviews; may be a fraction. Default: 2, on a GPU 3.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(1, 65_536),
    help="Deep: reviews a step. Default: 32, on a GPU 512, with --unlabelled 1024.",
)
@click.option(
    "--learning-rate",
    type=FiniteRange(0, 1, min_open=True),
    help="Deep: of the top layer at its peak. Default: 8e-5, on a GPU 3e-4, with --unlabelled "
    "5e-4.",
)
@click.option(
    "--max-tokens",
    type=click.IntRange(4, 8192),
    help="Deep: tokens of a review that are learned from; default: 64.",
)
@click.option(
    "--adapt",
    "adapted",
    metavar="EPOCHS",
    type=FiniteRange(0),
    default=0.0,
    help="Deep: passes before, in which the encoder fills in hidden words of all reviews.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Deep: continue a training that was stopped; only --epochs and --blend may differ.",
)
@click.option(
    "--blend/--no-blend",
    default=True,
    help="Deep: add n-grams to the encoder, which is more accurate; or use the encoder alone.",
)
@device_option
@artifacts_option
def command(
    data: Path,
    test: Path | None,
    unlabelled: tuple[str, ...],
    unlabelled_column: str | None,
    teachers: tuple[str, ...],
    seed: int,
    tokenizer: str,
    deep: bool,
    base: str | None,
    revision: str | None,
    epochs: float | None,
    batch_size: int | None,
    learning_rate: float | None,
    max_tokens: int | None,
    adapted: float,
    resume: bool,
    blend: bool,
    device: str,
    artifacts: Path,
    **reading: Any,
) -> None:
    """Fit, calibrate and evaluate a model; leaves a run.

    Without --deep it is the fast model. Settings are chosen on rows held out of the training
    reviews, never on the test reviews. With --unlabelled it learns also from reviews that have no
    labels, such as those of one's own shop: the deep model judges them, once; what it said is kept
    with the artifacts, so that a command that was stopped continues. Labelled texts among them are
    left out, those of the test reviews, too.

    \b
    Examples:
      sentiment train
      sentiment train --data my-reviews.tsv --seed 1
      sentiment train --data shop.csv --rating-scale 5
      sentiment train --tokenizer mecab
      sentiment train --unlabelled shop-reviews.csv --unlabelled more/
      sentiment train --deep --base monologg/koelectra-small-v3-discriminator --epochs 3
    """
    if deep:
        refuse(["tokenizer"], "with --deep")
    else:
        refuse(FOR_DEEP, "without --deep")
    if deep and base is None:
        raise click.UsageError("--deep needs an encoder: give --base REPO or DIR.")
    if deep:
        refuse(["unlabelled", "unlabelled_column", "teachers"], "with --deep")
    labelled = labelled_settings(reading, data, test)
    if base is not None:
        refuse_revision_of_folder(base)
        from pipeline.models.hardware import Hardware
        from pipeline.models.transformer.devices import find_device
        from pipeline.models.transformer.hub import get_model
        from pipeline.training.deep import train_deep
        from pipeline.training.finetuning import FineTuningSettings

        hardware = Hardware(device=device)
        given: dict[str, Any] = {
            "epochs": epochs,
            "batch_size": batch_size,
            "learning_rate": learning_rate,
            "max_tokens": max_tokens,
        }
        tuning = replace(
            FineTuningSettings.for_device(find_device(hardware).type),
            seed=seed,
            adapted=adapted,
            **{name: value for name, value in given.items() if value is not None},
        )
        encoder = get_model(base, revision)
        run = train_deep(
            data, artifacts, encoder, tuning, resume, blend, labelled, test, say, hardware
        )
    else:
        from pipeline.training.fast import train
        from pipeline.training.fitting import LinearSettings, features_for

        settings = LinearSettings(features=features_for(tokenizer), seed=seed)
        lesson = find_lesson(artifacts, unlabelled, unlabelled_column, teachers, reading)
        run = train(data, artifacts, settings, labelled, test, say, lesson)
    width = max(map(len, run.metrics))
    click.echo(f"{'run':<{width}}  {run.id}")
    for part, figures in run.metrics.items():
        click.echo(f"{part:<{width}}  {metrics_line(figures)}")
    click.echo(f"{'seconds':<{width}}  {run.seconds}")
