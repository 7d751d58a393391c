"""Getting a model from a hub at a pinned commit, or from a folder. None of its code is run.

The hub's client resumes and caches, but does not verify what it got; here every file is compared
with the hash that the hub lists for it.
"""

import hashlib
import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.digests import sha256
from pipeline.errors import ArtifactRefused, ModelMissing, ResourceUnavailable
from pipeline.models.transformer.hub_cache import cached_folder, remember
from pipeline.models.transformer.libraries import HUB, needs_extra
from pipeline.models.transformer.model_files import (
    PICKLED,
    SAFETENSORS,
    SETTINGS,
    TOKENIZER_FILES,
    digest_files,
)
from pipeline.models.transformer.reaching import (
    HubAway,
    first_answer,
    is_down,
    retried,
    translated,
    unavailable,
)

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoFile

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


@needs_extra("deep", *HUB)
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
    if revision is None and folder.is_absolute():
        raise ModelMissing(f"There is no folder {folder}.")
    with translated(name, revision):
        fetched = _get(name, revision)
    return Download(fetched, name, fetched.name, digest_files(fetched, name))


def _get(name: str, revision: str | None) -> Path:
    """Folder of a commit's files, from the hub or, where it is away, from the cache."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return _offline(name, revision)
    try:
        commit = _resolve(name, revision)
    except HubAway as error:
        return _without_hub(name, revision, str(error))
    fetched = _fetch(name, commit, _list(name, commit))
    remember(fetched, revision)
    return fetched


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
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
    try:
        info = retried(
            lambda: first_answer(
                lambda seconds: api.model_info(name, revision=revision, timeout=seconds)
            )
        )
    except HfHubHTTPError as error:
        if is_down(error):
            raise HubAway(f"it answers {error.response.status_code}") from None
        raise
    return str(info.sha)


def _list(name: str, commit: str) -> "list[RepoFile]":
    """The files of a commit that are needed."""
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
    tree = retried(lambda: list(api.list_repo_tree(name, revision=commit)))
    files = {entry.path: entry for entry in tree if isinstance(entry, RepoFile)}
    weights = SAFETENSORS if SAFETENSORS in files else PICKLED
    wanted = (SETTINGS, weights, *TOKENIZER_FILES)
    return [files[path] for path in wanted if path in files]


def _fetch(name: str, commit: str, listed: "list[RepoFile]") -> Path:
    """Folder of the files; files that are wrong in the cache are fetched once more."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
    for _ in range(2):
        folder = Path(
            retried(
                lambda: snapshot_download(
                    name,
                    revision=commit,
                    allow_patterns=[file.path for file in listed],
                    endpoint=os.environ.get("HF_ENDPOINT"),
                )
            )
        )
        wrong = [file for file in listed if not _is_right(folder / file.path, file)]
        if not wrong:
            return folder
        for file in wrong:
            (folder / file.path).resolve().unlink(missing_ok=True)
            (folder / file.path).unlink(missing_ok=True)
    names = ", ".join(file.path for file in wrong)
    raise ArtifactRefused(
        f"{name} sends other bytes than it lists for {names}. Nothing was kept; try again later."
    )


def _is_right(path: Path, file: "RepoFile") -> bool:
    """Whether a file has the listed hash: sha256 if it is large, git's blob hash if it is small."""
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    if file.lfs is not None:
        return sha256(path) == file.lfs.sha256
    content = path.read_bytes()
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)
    return blob.hexdigest() == file.blob_id
