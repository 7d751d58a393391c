"""An artifact's way to another machine: its files, and the handler that is loaded from them."""

import tempfile
from pathlib import Path

from pipeline.artifacts.verification import Trust
from pipeline.handlers.base import Handler
from pipeline.handlers.loading import load_folder
from pipeline.models.hardware import Hardware

Files = dict[str, bytes]
"""Content by name."""


def pack(folder: Path) -> Files:
    """The files of the artifact in this folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def lay(files: Files, folder: Path) -> None:
    """Write the files of an artifact into a new folder; nothing of it is verified so far."""
    folder.mkdir(0o700, parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o444)


def unpack(files: Files, digest: str, hardware: Hardware) -> Handler:
    """An initialized handler of an artifact, whose files are on the disk while it is loaded.

    No longer, since Ray kills processes that should remove them. Every byte is verified by the
    digest, and the golden set replayed. Raises ArtifactRefused.
    """
    with tempfile.TemporaryDirectory(prefix="sentiment-artifact-") as scratch:
        folder = Path(scratch) / digest
        lay(files, folder)
        return load_folder(folder, Trust(digest), hardware)
