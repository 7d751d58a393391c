"""`sentiment predict`."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.file_options import FILE_OPTIONS, check_inputs, file_options
from cli.options import (
    check_texts,
    chosen_slot,
    device_option,
    echo_json,
    model_options,
    refuse,
    trust_options,
    unsure_option,
)
from cli.report_options import page_language
from cli.store_options import store_option

if TYPE_CHECKING:
    from pipeline.artifacts.bucket.address import BucketAddress


@click.command("predict")
@click.argument("inputs", metavar="[INPUT]...", nargs=-1, callback=check_inputs)
@model_options
@click.option(
    "--text",
    "texts",
    metavar="TEXT",
    multiple=True,
    callback=check_texts,
    help="Text to score; may be given several times.",
)
@unsure_option("Label answers with a confidence under P, from 0.5 to 1, unsure.")
@file_options
@click.option(
    "--threads",
    type=click.IntRange(1, 1024),
    help="Threads of the deep model; left out: one per core, shared by the --jobs.",
)
@device_option
@trust_options
@store_option
def command(
    inputs: tuple[str, ...],
    fast: bool,
    model: str | None,
    texts: tuple[str, ...],
    unsure_below: float | None,
    threads: int | None,
    device: str,
    expect_digest: str | None,
    require_signature: Path | None,
    not_before: datetime | None,
    artifacts: "Path | BucketAddress",
    report: Path | None,
    lang: str | None,
    max_rejects: int,
    restart: bool,
    jobs: int | None,
    quiet: bool,
    engine: str,
    ray_address: str | None,
    **options: Any,
) -> None:
    """Score files or texts offline, as `serve` does.

    INPUT is a .txt (one review per line), .csv, .tsv, .jsonl, .json, .parquet, .xlsx, .xls or .ods
    file, texts also with .gz, .zst or .xz; or a glob, a folder, an address such as s3://…, or - for
    standard input. A file is looked at once, and one line on standard error says how it is read;
    the options for reading decide otherwise. Every column and the order of the rows are kept;
    predicted_label and confidence are added, with --unsure-below also likelier_label. Rows that
    cannot be read go to OUTPUT.rejects.jsonl. A run that was cut off continues where it stopped
    when the same command is given again.

    \b
    Examples:
      sentiment predict --fast --text "정말 재밌게 잘봤습니다!"
      sentiment predict --text "정말 재밌게 잘봤습니다!"
      sentiment predict --fast reviews.csv -o scored.csv
      sentiment predict --fast reviews.csv -o scored.csv --unsure-below 0.8
      sentiment predict --fast 'reviews/*.jsonl.gz' -o scored.parquet
      sentiment predict --fast --encoding cp949 excel.csv -o scored.csv --excel
      sentiment predict --fast reviews.parquet -o scored.parquet --report report.html --lang ko
      sentiment predict --fast --engine ray s3://bucket/reviews/ -o s3://bucket/scored/
      cat reviews.txt | sentiment predict --fast - | jq .confidence
    """
    if bool(inputs) == bool(texts):
        raise click.UsageError("Give either INPUT files (or -) or --text.")
    if texts:
        refuse(FILE_OPTIONS, "with --text, whose answers go to standard output")
    if engine == "local":
        refuse(["ray_address"], "without --engine ray")
    from cli.loading import load_handler
    from pipeline.artifacts.verification import Trust
    from pipeline.handlers.unsure import hold_back
    from pipeline.models.hardware import Hardware, share_of_cores

    slot = chosen_slot(artifacts, fast, model)
    if slot == "fast":
        refuse(["threads", "device"], "with the fast model, which needs one thread of the CPU")
    job = None
    if inputs:
        from cli.predict_files import Engine, make_job, score
        from pipeline.batch.output.output_files import is_written_as_stream

        if engine == "local" and is_written_as_stream(options["output"]):
            refuse(["restart"], "without a file for -o: only a file can be continued")
        language = page_language(report, lang)
        job = make_job(inputs, report=report, engine=engine, **options)
    trust = Trust(expect_digest, require_signature, not_before)
    if engine == "local":
        threads = threads or share_of_cores(jobs or 1)
    handler = load_handler(artifacts, slot, trust, Hardware(threads, device))
    below = handler.threshold(unsure_below)
    if job:
        job = job.held_back(below)
        scored_by = Engine(engine, ray_address, options["output_format"])
        score(handler, job, language, max_rejects, restart, jobs, quiet, scored_by)
        return
    for answer in hold_back(handler.handle(texts), below):
        echo_json(answer._asdict())
