"""Getting a model from a hub at a pinned commit, or from a folder. None of its code is run.

The hub's client is not asked to download: it names files of its cache by the hub's headers, writes
more than was listed and verifies nothing. Its session, its names of errors and its cache are used.
"""

import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.errors import InvalidInput, ModelMissing, ResourceUnavailable
from pipeline.models.transformer.hub_cache import cached_folder, model_cache, remember
from pipeline.models.transformer.hub_download import fetch
from pipeline.models.transformer.hub_listing import list_files, read_commit
from pipeline.models.transformer.libraries import HUB, needs_extra
from pipeline.models.transformer.model_files import digest_files
from pipeline.models.transformer.reaching import (
    HubAway,
    first_answer,
    is_down,
    retried,
    translated,
    unavailable,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Download:
    """A model's folder, its name, its commit on the hub (None for a folder), and its files.

    `files` maps names to sha256. Other files of the folder must not be used.
    """

    folder: Path
    repository: str
    commit: str | None
    files: dict[str, str]

    def record(self) -> dict[str, Any]:
        """What a run and a manifest record of the download."""
        return {"repository": self.repository, "commit": self.commit, "files": self.files}


def get_model(name: str, revision: str | None = None) -> Download:
    """Get a model in Hugging Face's format: `name` is a folder or a repository of the hub.

    `revision`: a commit, branch or tag; None: the main branch. Weights are taken in safetensors if
    there are any, else from pytorch_model.bin. HF_TOKEN, HF_ENDPOINT, HF_HOME and HF_HUB_OFFLINE
    are honoured; a commit that is in the cache is not fetched again, and is used where the hub is
    away. Raises ModelMissing, InvalidInput, ArtifactRefused for wrong bytes or files that are not
    whole, or ResourceUnavailable where the hub does not answer.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return Download(folder, folder.resolve().name, None, digest_files(folder, name))
    if folder.is_file():
        raise InvalidInput(f"{name} is a file. Name the folder that it is in, or one of the hub.")
    if revision is None and folder.is_absolute():
        raise ModelMissing(f"There is no folder {folder}.")
    with needs_extra("deep", *HUB), translated(name, revision):
        fetched = _get(name, revision)
    return Download(fetched, name, fetched.name, digest_files(fetched, name))


def _get(name: str, revision: str | None) -> Path:
    """Folder of a commit's files, from the hub or, where it is away, from the cache."""
    from huggingface_hub import constants

    model_cache(name)  # raises for a name that is none, which would be a part of an address
    if constants.HF_HUB_OFFLINE:
        return _offline(name, revision)
    try:
        commit = _resolve(name, revision)
    except HubAway as error:
        return _without_hub(name, revision, str(error))
    files = list_files(name, commit)
    folder = fetch(name, commit, files)
    remember(name, revision, commit, files)
    return folder


def _offline(name: str, revision: str | None) -> Path:
    from huggingface_hub import constants

    folder = cached_folder(name, revision)
    if folder is None:
        raise ResourceUnavailable(
            f"HF_HUB_OFFLINE is set, and the cache ({constants.HF_HUB_CACHE}) does not hold "
            f"{_at(name, revision)}. Unset it, or name a folder with the model's files."
        )
    return folder


def _without_hub(name: str, revision: str | None, reason: str) -> Path:
    folder = cached_folder(name, revision)
    if folder is None:
        raise unavailable(
            name, f"the hub cannot be reached ({reason}), and the cache does not hold it"
        )
    _log.warning(
        "The hub cannot be reached (%s): %s is taken from the cache, at commit %s.",
        *(reason, _at(name, revision), folder.name),
    )
    return folder


def _at(name: str, revision: str | None) -> str:
    return f"{name} at {revision}" if revision else name


def _resolve(name: str, revision: str | None) -> str:
    """The commit that a revision is; HubAway where the hub is. It is asked about a commit, too."""
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return retried(lambda: first_answer(partial(read_commit, name, revision)))
    except HfHubHTTPError as error:
        if is_down(error):
            raise HubAway(f"it answers {error.response.status_code}") from None
        raise
