"""The options of a Ray cluster."""

import re
from collections.abc import Callable

import click

from cli.options import Command, added


def engine_option(help: str) -> Callable[[Command], Command]:  # noqa: A002 - click's own name
    """Which machines compute."""
    kinds = click.Choice(["local", "ray"])
    return click.option("--engine", type=kinds, default="local", help=help)


address_option = click.option(
    "--ray-address",
    metavar="ADDRESS",
    help="Address of a running Ray cluster; left out: one is started on this machine.",
)


def _least_and_most(
    context: click.Context, parameter: click.Parameter, value: str
) -> tuple[int, int]:
    """`N` or `LEAST-MOST`, numbers from 1 to 1,000, the smaller one first."""
    found = re.fullmatch(r"([1-9]\d{0,2}|1000)(?:-([1-9]\d{0,2}|1000))?", value)
    least, most = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if least > most:
        reason = f"{value!r} is no number such as 2, nor a range such as 1-4."
        raise click.BadParameter(reason, context, parameter)
    return least, most


_REPLICAS = (
    engine_option(
        "local: the models answer in this machine's workers. ray: replicas on a Ray cluster do."
    ),
    address_option,
    click.option(
        "--replicas",
        metavar="N|LEAST-MOST",
        default="1",
        callback=_least_and_most,
        help="Replicas of each model on the cluster, of a core or a GPU each; with LEAST-MOST as "
        "many as the load asks for.",
    ),
)


def replica_options(command: Command) -> Command:
    """Where the models answer, and how many times each."""
    return added(command, _REPLICAS)
