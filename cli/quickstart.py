"""`sentiment quickstart`."""

from pathlib import Path

import click

from cli.data_options import FOLDER, nsmc_folder
from cli.options import artifacts_option
from pipeline.errors import SentimentError

SAMPLE = Path("data/sample.tsv")
TEXTS = (
    "정말 재밌게 잘봤습니다!",
    "시간이 아깝다 ㅡㅡ",
    "기대 안 했는데 배우들 연기가 좋아서 끝까지 몰입했네요",
    "졸려 죽는 줄",
)
NEXT = f"""
Serve it:      sentiment serve
then ask:      curl -d '{{"text": "{TEXTS[0]}", "do_fast": true}}' http://127.0.0.1:5000/predict
Score a file:  sentiment predict --fast reviews.csv -o scored.csv"""


@click.command("quickstart")
@click.option("--serve/--no-serve", "serves", default=True, help="Serve the model in the end.")
@artifacts_option
def command(serves: bool, artifacts: Path) -> None:
    """Get the reviews, train, serialize, score four texts, serve.

    It trains on NSMC in the folder that NSMC_DIR names, or in data/nsmc, where it is downloaded to
    if need be. Where that fails it trains on data/sample.tsv; without that, too, the built-in model
    has to do.

    \b
    Examples:
      sentiment quickstart --no-serve
      sentiment quickstart
    """
    root = ("--artifacts", str(artifacts))
    reviews = _reviews()
    if reviews is not None:
        _run("train", "--data", str(reviews), *root)
        _run("serialize", *root)
    _run("predict", "--fast", *(f"--text={text}" for text in TEXTS), *root)
    if serves:
        _run("serve", *root)
    else:
        click.echo(NEXT, err=True)


def _run(name: str, *arguments: str) -> None:
    """Run another command as from a command line."""
    context = click.get_current_context().find_root()
    assert isinstance(context.command, click.Group)  # noqa: S101
    command = context.command.get_command(context, name)
    assert command is not None  # noqa: S101
    with command.make_context(name, list(arguments), parent=context) as inner:
        command.invoke(inner)


def _reviews() -> Path | None:
    """The best reviews at hand to train on; None where there are none."""
    from pipeline.reviews.nsmc import NSMC

    folder = nsmc_folder()
    if folder != FOLDER or all((folder / file.name).is_file() for file in NSMC):
        return folder
    try:
        _run("data", "--to", str(folder))
        return folder
    except (SentimentError, OSError) as error:
        click.echo(f"NSMC could not be had: {error}", err=True)
    if not SAMPLE.is_file():
        return None
    click.echo(
        f"Training on the small sample {SAMPLE} instead: good enough to see every step work, not "
        "to judge reviews with.",
        err=True,
    )
    return SAMPLE
