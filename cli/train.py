"""`sentiment train`."""

from pathlib import Path
from typing import Any

import click

from cli.data_options import training_data_option
from cli.figures import metrics_line
from cli.options import artifacts_option, refuse, refuse_revision_of_folder
from cli.read_options import labelled_options, labelled_settings, say
from cli.teaching_options import find_lesson, teaching_options
from cli.tuning_options import FOR_DEEP, TUNING, tuning_options, tuning_settings
from pipeline.models.hardware import Hardware


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
    type=click.Choice(["syllable", "mecab", "kiwi", "okt", "komoran", "hannanum", "kkma"]),
    default="syllable",
    help="syllable: no analyzer. Any other adds n-grams of its morphemes (kiwi: extra [kiwi]; else "
    "[korean]).",
)
@click.option(
    "--deep", is_flag=True, help="Train the deep model: fine-tune an encoder (extra [deep])."
)
@tuning_options
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
    resume: bool,
    blend: bool,
    device: str,
    artifacts: Path,
    **others: Any,
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
      sentiment train --unlabelled reviews.csv --unlabelled reviews/
      sentiment train --deep --base monologg/koelectra-small-v3-discriminator --epochs 3
    """
    if deep:
        refuse(["tokenizer"], "with --deep")
    else:
        refuse(FOR_DEEP, "without --deep")
    if not (deep or unlabelled):
        refuse(["device"], "without --deep or --unlabelled")
    if deep and base is None:
        raise click.UsageError("--deep needs an encoder: give --base REPO or DIR.")
    tuning = {name: others.pop(name) for name in TUNING}
    reading = labelled_settings(others, data, test)
    hardware = Hardware(device=device)
    lesson = find_lesson(artifacts, unlabelled, unlabelled_column, teachers, others, hardware)
    if base is not None:
        refuse_revision_of_folder(base)
        from pipeline.models.transformer.devices import find_device
        from pipeline.models.transformer.hub import get_model
        from pipeline.training.deep import train_deep

        kind = find_device(hardware).type
        settings = tuning_settings(kind, lesson is not None, seed=seed, **tuning)
        run = train_deep(
            data,
            artifacts,
            get_model(base, revision),
            settings,
            resume=resume,
            blend=blend,
            reading=reading,
            test=test,
            tell=say,
            hardware=hardware,
            lesson=lesson,
        )
    else:
        from pipeline.training.fast import train
        from pipeline.training.fitting import LinearSettings, features_for

        linear = LinearSettings(features=features_for(tokenizer), seed=seed)
        run = train(data, artifacts, linear, reading, test, say, lesson)
    width = max(map(len, run.metrics))
    click.echo(f"{'run':<{width}}  {run.id}")
    for part, figures in run.metrics.items():
        click.echo(f"{part:<{width}}  {metrics_line(figures)}")
    click.echo(f"{'seconds':<{width}}  {run.seconds}")
