"""`sentiment explain`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import check_texts, echo_json, refuse
from cli.store_options import store_option

if TYPE_CHECKING:
    from pipeline.artifacts.bucket.address import BucketAddress


@click.command("explain")
@click.argument("text", callback=check_texts)
@click.option("--json", "as_json", is_flag=True, help="Print every n-gram's contribution as JSON.")
@click.option(
    "--top",
    type=click.IntRange(min=0),
    default=10,
    help="How many n-grams to list, those that contribute most first.",
)
@store_option
def command(text: str, as_json: bool, top: int, artifacts: "Path | BucketAddress") -> None:
    """Show which n-grams decided the fast model's answer to TEXT.

    On a terminal the text is coloured: green where it speaks for positive, red where it speaks for
    negative, brighter where it speaks more strongly. The contributions and the intercept sum to the
    logit exactly.

    \b
    Examples:
      sentiment explain "연기는 좋은데 내용이 지루하다"
      sentiment explain --json "졸려 죽는 줄" | jq .logit
    """
    from cli.loading import load_handler
    from pipeline.handlers.fast import LinearHandler

    if as_json:
        refuse(["top"], "with --json, which has all n-grams")
    from pipeline.workflows.explaining import explain

    handler = load_handler(artifacts, LinearHandler.slot)
    assert isinstance(handler, LinearHandler)  # noqa: S101
    explanation = explain(handler, text)
    if as_json:
        echo_json(asdict(explanation))
        return
    answer = explanation.prediction
    click.echo(coloured(explanation.cleaned, explanation.by_character().tolist()))
    click.echo(
        f"{answer.label}, confidence {answer.confidence:.4f}, logit {explanation.logit:+.3f}"
    )
    click.echo(f"{explanation.intercept:+8.3f}  (intercept)")
    for ngram, logit in explanation.strongest(top):
        click.echo(f"{logit:+8.3f}  {ngram}")


def coloured(text: str, shares: list[float]) -> str:
    """The text with each character on green or red, as bright as its share of the logit."""
    strongest = max(map(abs, shares), default=0.0) or 1.0
    return "".join(
        click.style(character, bg=_background(share / strongest), fg="white")
        for character, share in zip(text, shares, strict=True)
    )


def _background(strength: float) -> tuple[int, int, int]:
    """Black at 0, full green at 1, full red at -1; dark enough for white letters."""
    brightness = round(150 * abs(strength))
    return (0, brightness, 0) if strength > 0 else (brightness, 0, 0)
