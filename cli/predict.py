"""`sentiment predict`."""

import json
from pathlib import Path

import click

from cli.options import artifacts_option, fast_option, trust_options


@click.command("predict")
@click.argument(
    "inputs",
    metavar="[INPUT]...",
    nargs=-1,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
)
@fast_option
@click.option("--text", "texts", metavar="TEXT", multiple=True, help="Score this; repeatable.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Left out: standard output.",
)
@click.option("--column", help="Column with the reviews; left out: document, text or review.")
@click.option(
    "--encoding", type=click.Choice(["utf-8", "cp949"]), default="utf-8", help="Of the inputs."
)
@click.option(
    "--format",
    "input_format",
    type=click.Choice(["txt", "csv", "tsv", "jsonl"]),
    help="Of the inputs; left out: by suffix, txt on standard input.",
)
@click.option(
    "--output-format",
    type=click.Choice(["jsonl", "csv", "tsv"]),
    help="Left out: by suffix, jsonl on standard output.",
)
@click.option("--prefix", default="", help="Put before the names of the added columns.")
@trust_options
@artifacts_option
def command(
    inputs: tuple[str, ...],
    fast: bool,
    texts: tuple[str, ...],
    output: Path | None,
    column: str | None,
    encoding: str,
    input_format: str | None,
    output_format: str | None,
    prefix: str,
    expect_digest: str | None,
    require_signature: Path | None,
    artifacts: Path,
) -> None:
    r"""Score files or texts offline, with the very handlers that `serve` runs.

    INPUT is a .txt (a review a line), .csv, .tsv or .jsonl file, or - for standard input. Every
    column and the row order are kept; predicted_label and confidence are added.

    \b
    Examples:
      sentiment predict --fast --text "정말 재밌게 잘봤습니다!"
      sentiment predict --fast reviews.csv -o scored.csv
      sentiment predict --fast --encoding cp949 excel.csv -o scored.tsv
      cat reviews.txt | sentiment predict --fast - | jq .confidence
    """
    if bool(inputs) == bool(texts):
        raise click.UsageError("Give either INPUT files (or -) or --text.")
    from pipeline.artifacts import Trust
    from pipeline.batch.readers import Source
    from pipeline.batch.scoring import score_files
    from pipeline.handlers.loading import load_current

    trust = Trust(expect_digest, require_signature)
    handler = load_current(artifacts, "fast" if fast else "deep", trust)
    if texts:
        for prediction in handler.handle(texts):
            click.echo(json.dumps(prediction._asdict(), ensure_ascii=False))
        return
    sources = [Source(path, input_format, column, encoding) for path in inputs]
    rows = score_files(handler, sources, output, output_format, prefix)
    click.echo(f"{rows:,} reviews scored", err=True)
