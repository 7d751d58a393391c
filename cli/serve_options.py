"""The options of `serve`, by what they are about."""

import re
from collections.abc import Callable
from pathlib import Path

import click

from cli.options import Command, FiniteRange, LocalFolder, added

MIB = 2**20
LOWEST_RATE, HIGHEST_RATE = 0.001, 1_000_000
"""Of one client, in requests a second."""

Values = tuple[str, ...]


def _in_bytes(_: click.Context, __: click.Parameter, mebibytes: int) -> int:
    return mebibytes * MIB


def _rate(_: click.Context, __: click.Parameter, rate: float) -> float:
    """A rate so low that it is no number to compute with would limit nobody."""
    if 0 < rate < LOWEST_RATE:
        raise click.BadParameter(f"Give {LOWEST_RATE} or more, or 0 for no limit.")
    return rate


def _each(pattern: str, what: str) -> Callable[[click.Context, click.Parameter, Values], Values]:
    """A check that each value matches, or is `*`; `what` it should be, for the message."""

    def check(_: click.Context, __: click.Parameter, values: Values) -> Values:
        for value in values:
            if value != "*" and not re.fullmatch(pattern, value):
                raise click.BadParameter(f"{value!r} is no {what}.")
        return values

    return check


_LISTENING = (
    click.option("--host", default="127.0.0.1", help="Address to listen on."),
    click.option("--port", type=click.IntRange(1, 65535), default=5000, help="Port to listen on."),
    click.option(
        "--workers",
        type=click.IntRange(1, 256),
        default=1,
        help="Worker processes that answer requests.",
    ),
    click.option(
        "--threads",
        type=click.IntRange(8, 256),
        default=32,
        help="Threads of a worker, for requests that have to wait.",
    ),
    click.option(
        "--sagemaker",
        is_flag=True,
        help="Answer Amazon SageMaker, too: /ping and /invocations. Unless other options are "
        "given: on port 8080 of all addresses, from /opt/ml/model, with bodies of up to 6 MiB, "
        "by any name.",
    ),
)


_ACCESS = (
    click.option(
        "--api-key-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="File of API keys, one per line; clients must send one of them.",
    ),
    click.option(
        "--insecure", is_flag=True, help="Allow other machines to ask without an API key."
    ),
    click.option(
        "--rate",
        type=FiniteRange(0, HIGHEST_RATE),
        default=0.0,
        callback=_rate,
        help="Requests per second that a client may send, from 0.001 on; 0: no limit.",
    ),
    click.option(
        "--proxies",
        type=click.IntRange(0, 8),
        default=0,
        help="Number of reverse proxies in front whose X-Forwarded-For is trusted.",
    ),
    click.option(
        "--allow-host",
        "allow_hosts",
        metavar="NAME",
        multiple=True,
        callback=_each(r"[A-Za-z0-9.-]+", "name such as api.example.com"),
        help="Another name by which clients call this server, * for any. Addresses, localhost and "
        "--host need none. Repeatable.",
    ),
    click.option(
        "--cors-origin",
        "cors_origins",
        metavar="ORIGIN",
        multiple=True,
        callback=_each(r"https?://[A-Za-z0-9.\[\]:-]+", "origin such as https://example.com"),
        help="A site, such as https://example.com, whose pages may ask, * for any. Repeatable.",
    ),
)


_LIMITS = (
    click.option(
        "--in-flight",
        "most_in_flight",
        type=click.IntRange(1, 4096),
        default=64,
        help="Requests that a worker holds at once; further ones are answered with 503. Small ones "
        "of the fast model are answered straight away, so never held.",
    ),
    click.option(
        "--drain",
        type=FiniteRange(0, 300),
        default=0.0,
        help="Seconds to keep serving after SIGTERM, with /readyz at 503.",
    ),
    click.option(
        "--batch-size",
        type=click.IntRange(1, 256),
        default=32,
        help="Deep: largest number of texts in a batch.",
    ),
    click.option(
        "--batch-wait",
        type=FiniteRange(0, 1),
        default=0.002,
        help="Deep: seconds that a text waits for others to share a batch with.",
    ),
    click.option(
        "--max-body",
        metavar="MIB",
        type=click.IntRange(1, 64),
        default=1,
        callback=_in_bytes,
        help="Largest body of a request, in MiB.",
    ),
    click.option(
        "--max-texts",
        type=click.IntRange(1, 1_000_000),
        default=1_024,
        help="Largest number of texts in a request.",
    ),
)


_CAPTURING = (
    click.option(
        "--capture",
        metavar="DIR",
        type=LocalFolder(),
        help="Keep a random sample of texts and answers in this folder; left out: none is kept.",
    ),
    click.option(
        "--capture-share",
        type=FiniteRange(0, 1, min_open=True),
        default=0.01,
        help="Probability with which a text is kept.",
    ),
    click.option(
        "--capture-megabytes",
        type=click.IntRange(1, 1_000_000),
        default=64,
        help="Size of all files in that folder; beyond it, the oldest are removed.",
    ),
)


def listening(command: Command) -> Command:
    """Where to listen, and with how many processes."""
    return added(command, _LISTENING)


def access(command: Command) -> Command:
    """Who may ask, and how often."""
    return added(command, _ACCESS)


def limits(command: Command) -> Command:
    """How much and how long."""
    return added(command, _LIMITS)


def capturing(command: Command) -> Command:
    """Which texts are kept."""
    return added(command, _CAPTURING)
