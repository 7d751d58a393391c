"""The option that names a store of artifacts: a folder, or an address in a bucket."""

from pathlib import Path
from typing import Any

import click

from cli.options import LocalFolder
from pipeline.artifacts.bucket.address import SCHEME, BucketAddress
from pipeline.errors import InvalidInput


class Store(LocalFolder):
    """A folder of this machine, as a Path, or s3://bucket/prefix, as a BucketAddress."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        """Take a path or such an address, refuse other addresses."""
        if not str(value).startswith(SCHEME):
            return super().convert(value, param, ctx)
        try:
            return BucketAddress.parse(str(value))
        except InvalidInput as error:
            self.fail(str(error), param, ctx)


store_option = click.option(
    "--artifacts",
    type=Store(),
    default=Path("artifacts"),
    help="Folder that holds the artifacts, or s3://bucket/prefix (extra [aws]).",
)


def local_folder(store: Path | BucketAddress, wanted_by: str) -> Path:
    """The store, if it is a folder of this machine; UsageError for an address."""
    if isinstance(store, Path):
        return store
    raise click.UsageError(f"{wanted_by} cannot be used with {store}: it needs a local folder.")
