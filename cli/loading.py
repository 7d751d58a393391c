"""Loading the model that a command uses, and saying so where it is the built-in one."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.artifacts import builtin
from pipeline.models.hardware import ALL, Hardware

if TYPE_CHECKING:
    from pipeline.artifacts.bucket.address import BucketAddress
    from pipeline.artifacts.verification import Trust
    from pipeline.handlers.base import Handler


def load_handler(
    store: "Path | BucketAddress", slot: str, trust: "Trust | None" = None, hardware: Hardware = ALL
) -> "Handler":
    """The handler of the slot's current artifact, or of the built-in one, which is said."""
    from pipeline.artifacts.bucket.address import named_in_errors
    from pipeline.artifacts.bucket.choosing import local_store
    from pipeline.artifacts.verification import ANY
    from pipeline.handlers.loading import load_current

    root = local_store(store, [slot], trust or ANY)
    with named_in_errors(root, store):
        handler = load_current(root, slot, trust or ANY, hardware)
    if handler.is_builtin:
        say_builtin()
    return handler


def say_builtin() -> None:
    """Say that the built-in model answers."""
    click.echo(builtin.USING, err=True)
