"""`sentiment verify`."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import FiniteRange, refuse, trust_options
from cli.store_options import store_option

if TYPE_CHECKING:
    from pipeline.artifacts.bucket.address import BucketAddress
    from pipeline.artifacts.verification import Trust
    from pipeline.workflows.asking import Timed
    from pipeline.workflows.replaying import Replay


@click.command("verify")
@click.argument("target", metavar="ARTIFACT|URL")
@trust_options
@click.option(
    "--api-key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="URL: file of API keys as that of serve, of which the first is sent.",
)
@click.option(
    "--timeout",
    type=FiniteRange(0.1, 3600),
    default=30.0,
    help="URL: seconds within which each answer has to be there, whole.",
)
@click.option(
    "--report",
    metavar="FILE.md",
    type=click.Path(dir_okay=False, path_type=Path),
    help="URL: try the contract of the API and a short load, too, and write a page of Markdown; "
    "as FILE.json, its figures.",
)
@store_option
def command(
    target: str,
    expect_digest: str | None,
    require_signature: Path | None,
    not_before: datetime | None,
    api_key_file: Path | None,
    timeout: float,
    report: Path | None,
    artifacts: "Path | BucketAddress",
) -> None:
    """Check an artifact, or the answers of a running server.

    ARTIFACT is a folder, artifacts/<slot>/<digest>: every byte is checked, then every golden
    answer; exit code 0 if all are right, 4 if not. A digest proves that an artifact is whole, a
    signature also who made it.

    URL is that of a server. It is asked every golden text of the artifacts that it says it serves,
    which must be in the folder --artifacts; exit code 0 if all answers are those that were sealed,
    4 if not, 5 if the server does not answer or, with --report, breaks its contract.

    \b
    Examples:
      sentiment verify artifacts/fast/3f9c…
      sentiment verify --require-signature public.pem artifacts/fast/3f9c…
      sentiment verify http://127.0.0.1:5000
      sentiment verify --report remote-test.md http://127.0.0.1:5000
    """
    from pipeline.artifacts.verification import Trust
    from pipeline.server.api_keys import read_keys
    from pipeline.workflows.replaying import replay_golden

    trust = Trust(expect_digest, require_signature, not_before)
    if "://" not in target:
        refuse(["api_key_file", "timeout", "report", "artifacts"], "with the folder of an artifact")
        _verify_artifact(Path(target), trust)
        return
    key = read_keys(api_key_file)[0] if api_key_file else None
    if report is None:
        _say_golden(replay_golden(target, artifacts, trust=trust, key=key, timeout=timeout), target)
    else:
        _test_server(report, target, artifacts, trust, key, timeout)


def _verify_artifact(folder: Path, trust: "Trust") -> None:
    from pipeline.handlers.loading import check_folder

    manifest, digest = check_folder(folder, trust)
    golden = len(manifest.golden)
    click.echo(f"{manifest.slot}@{digest}: good ({golden} golden answers equal)")


def _test_server(
    report: Path,
    url: str,
    artifacts: "Path | BucketAddress",
    trust: "Trust",
    key: str | None,
    timeout: float,
) -> None:
    from pipeline.errors import ResourceUnavailable
    from pipeline.reports.page import check_report
    from pipeline.reports.remote import write_remote_test
    from pipeline.workflows.remote_testing import remote_test

    check_report(report, [])
    found = remote_test(url, artifacts, trust, key, timeout)
    write_remote_test(report, found, datetime.now(UTC).isoformat(timespec="seconds"))
    _say_golden(found.replays, url)
    if problems := found.problems():
        raise ResourceUnavailable(
            f"{url} does not keep its contract: {problems[0]}. All {len(problems)} are in {report}."
        )
    click.echo(f"contract: good ({len(found.checks)} promises kept)")
    click.echo(
        f"short load: good ({len(found.load.seconds)} answers in {found.load.took:.1f} s: "
        f"{_times(found.load)})"
    )


def _say_golden(replays: "Iterable[Replay]", url: str) -> None:
    from pipeline.errors import ArtifactRefused

    for replay in replays:
        if replay.differences:
            raise ArtifactRefused(
                f"{replay.model} at {url} does not give the answers it was sealed with: "
                f"{len(replay.differences)} of {replay.texts} differ, the first: "
                f"{replay.differences[0]}. Deploy the artifact again."
            )
        click.echo(
            f"{replay.model}: good ({replay.texts} golden answers equal; one text a request: "
            f"{_times(replay)})"
        )


def _times(timed: "Timed") -> str:
    return f"p50 {timed.percentile(50):.1f} ms, p99 {timed.percentile(99):.1f} ms"
