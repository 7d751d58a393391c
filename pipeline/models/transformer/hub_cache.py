"""The client's cache of models: what it holds while the hub is away."""

from pathlib import Path

from pipeline.durability import write_durably
from pipeline.models.transformer.model_files import SAFETENSORS, SETTINGS, TOKENIZER_FILES


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
    return Path(found)


def remember(folder: Path, revision: str | None) -> None:
    """Note in the cache's refs/ that a branch or tag is the commit whose folder this is.

    The client does so only where it looks up the commit itself.
    """
    from huggingface_hub import constants

    commit, name = folder.name, revision or constants.DEFAULT_REVISION
    if name == commit or ".." in Path(name).parts:
        return
    reference = folder.parent.parent / "refs" / name
    reference.parent.mkdir(parents=True, exist_ok=True)
    write_durably(reference, commit.encode())
