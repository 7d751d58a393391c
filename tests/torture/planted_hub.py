"""`sentiment` with a bug planted: the hub's client downloads, and names files by ETags."""

import os
from pathlib import Path

from cli.main import main
from pipeline.models.transformer import hub
from pipeline.models.transformer.hub_listing import ListedFile


def fetch_believing(name: str, commit: str, files: list[ListedFile]) -> Path:
    """As `hub_download.fetch`, but for whom is believed."""
    from huggingface_hub import snapshot_download

    patterns, endpoint = [file.path for file in files], os.environ["HF_ENDPOINT"]
    return Path(
        snapshot_download(name, revision=commit, allow_patterns=patterns, endpoint=endpoint)
    )


if __name__ == "__main__":
    hub.fetch = fetch_believing
    main()
