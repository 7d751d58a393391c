"""The cache of the hub's client, in its layout, so that other tools and this share what they fetch.

`models--OWNER--NAME/` holds `blobs/DIGEST`, `snapshots/COMMIT/FILE` as links to them, and `refs/`
with the commits of branches. `sentiment/COMMIT.json`, this package's own, says which files of a
commit are used, so that a commit of which some are missing is told from a whole one.
"""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

from pipeline.durability import create_folder, unfinished, write_durably
from pipeline.models.transformer.hub_listing import ListedFile
from pipeline.models.transformer.model_files import SAFETENSORS, SETTINGS, TOKENIZER_FILES


def model_cache(name: str) -> Path:
    """The folder of a model in the cache; HFValidationError where that is no name of a model."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]  # lazy there

    validate_repo_id(name)
    return Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=name, repo_type="model")


def snapshot(name: str, commit: str) -> Path:
    """The folder of a commit's files."""
    return model_cache(name) / "snapshots" / commit


def place(blob: Path, path: Path) -> None:
    """Give a blob its name in a snapshot, in place of what had the name."""
    create_folder(path.parent)
    temporary = unfinished(path)
    temporary.unlink(missing_ok=True)
    try:
        temporary.symlink_to(Path("..", "..", "blobs", blob.name))
    except OSError:  # Windows without the right to make links, or a disk without them
        shutil.copyfile(blob, temporary)
    temporary.replace(path)


def remember(name: str, revision: str | None, commit: str, files: list[ListedFile]) -> None:
    """Note which files of a commit are used, and that a branch or tag is this commit."""
    from huggingface_hub import constants

    record = json.dumps([asdict(file) for file in files], indent=1)
    _write(_record(name, commit), record)
    references = model_cache(name) / "refs"
    reference = references / (revision or constants.DEFAULT_REVISION)
    if reference.name != commit and ".." not in reference.parts and references in reference.parents:
        _write(reference, commit)


def _record(name: str, commit: str) -> Path:
    return model_cache(name) / "sentiment" / f"{commit}.json"


def _write(path: Path, content: str) -> None:
    create_folder(path.parent)
    write_durably(path, content.encode())


def cached_folder(name: str, revision: str | None) -> Path | None:
    """The folder of a commit in the cache; None where it is not there, or not all of it.

    A branch or tag stands for the commit that it was when it was last fetched.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    # Not the pickled weights: they are fetched only where there are no others.
    patterns = [SETTINGS, SAFETENSORS, *TOKENIZER_FILES]
    try:
        found = snapshot_download(
            name, revision=revision, local_files_only=True, allow_patterns=patterns
        )
    except LocalEntryNotFoundError:
        return None
    return Path(found) if _is_whole(Path(found), _record(name, Path(found).name)) else None


def _is_whole(folder: Path, record: Path) -> bool:
    """Whether a commit's files are as noted; without a note the client has judged it."""
    if not record.is_file():
        return True
    files = [ListedFile(**entry) for entry in json.loads(record.read_bytes())]
    return all(file.is_right(folder / file.path) for file in files)
