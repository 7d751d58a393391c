"""Getting a model from a hub at a pinned commit, or from a folder. None of its code is run.

The hub's client resumes and caches, but does not verify what it got; here every file is compared
with the hash that the hub lists for it.
"""

import hashlib
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.errors import ArtifactRefused, InvalidInput, ModelMissing, ResourceUnavailable

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoFile

SAFETENSORS, PICKLED = "model.safetensors", "pytorch_model.bin"
SETTINGS = "config.json"
TOKENIZER_FILES = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.txt", "vocab.json", "merges.txt"),
    *("sentencepiece.bpe.model", "spiece.model", "tokenizer.model"),
)
ATTEMPTS = 4
FIRST_PAUSE = 0.5
"""Seconds before the second attempt; twice as long before each further one."""

_COMMIT = re.compile(r"[0-9a-f]{40}")
Result = TypeVar("Result")


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
    are honoured; a commit that is in the cache is not fetched again. Raises ModelMissing,
    InvalidInput, ArtifactRefused for wrong bytes, or ResourceUnavailable where the hub does not
    answer.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _describe(folder, folder.resolve().name, None)
    if revision is None and folder.is_absolute():
        raise ModelMissing(f"There is no folder {folder}.")
    with _translated(name, revision):
        commit, listed = _list(name, revision)
        fetched = _fetch(name, commit, listed)
    return _describe(fetched, name, fetched.name)


def _describe(folder: Path, name: str, commit: str | None) -> Download:
    weights = SAFETENSORS if (folder / SAFETENSORS).is_file() else PICKLED
    wanted = (SETTINGS, weights, *TOKENIZER_FILES)
    files = {path: _sha256(folder / path) for path in wanted if (folder / path).is_file()}
    if missing := [path for path in (SETTINGS, weights) if path not in files]:
        raise ModelMissing(
            f"{name} holds no {' and no '.join(missing)}: it is no model in Hugging Face's format."
        )
    return Download(folder, name, commit, files)


def _list(name: str, revision: str | None) -> tuple[str, "list[RepoFile] | None"]:
    """(Commit, files that are needed of it). Offline the files are None: all that the cache has."""
    from huggingface_hub import HfApi, constants
    from huggingface_hub.hf_api import RepoFile

    if constants.HF_HUB_OFFLINE:
        return revision or constants.DEFAULT_REVISION, None
    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
    commit = revision or ""
    if not _COMMIT.fullmatch(commit):
        commit = str(_retried(lambda: api.model_info(name, revision=revision)).sha)
    tree = _retried(lambda: list(api.list_repo_tree(name, revision=commit)))
    files = {entry.path: entry for entry in tree if isinstance(entry, RepoFile)}
    weights = SAFETENSORS if SAFETENSORS in files else PICKLED
    wanted = (SETTINGS, weights, *TOKENIZER_FILES)
    return commit, [files[path] for path in wanted if path in files]


def _fetch(name: str, commit: str, listed: "list[RepoFile] | None") -> Path:
    """Folder of the files; files that are wrong in the cache are fetched once more."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
    patterns = None if listed is None else [file.path for file in listed]
    for _ in range(2):
        folder = Path(
            _retried(
                lambda: snapshot_download(
                    name,
                    revision=commit,
                    allow_patterns=patterns,
                    endpoint=os.environ.get("HF_ENDPOINT"),
                )
            )
        )
        wrong = [file for file in listed or () if not _is_right(folder / file.path, file)]
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
        return _sha256(path) == file.lfs.sha256
    content = path.read_bytes()
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)
    return blob.hexdigest() == file.blob_id


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _retried(call: Callable[[], Result]) -> Result:
    """Call, and call again after ever longer pauses while the hub fails in a way that may pass."""
    for attempt in range(ATTEMPTS - 1):
        try:
            return call()
        except Exception as error:
            if not _may_pass(error):
                raise
            time.sleep(FIRST_PAUSE * 2**attempt)
    return call()


def _may_pass(error: Exception) -> bool:
    from httpx2 import HTTPError
    from huggingface_hub import errors

    if isinstance(error, errors.OfflineModeIsEnabled):
        return False
    if isinstance(error, errors.HfHubHTTPError):
        return error.response is not None and error.response.status_code >= 500
    return isinstance(error, (HTTPError, ConnectionError, errors.LocalEntryNotFoundError))


@contextmanager
def _translated(name: str, revision: str | None) -> Iterator[None]:
    """Translate the client's errors into those of this package, which say what to do."""
    from httpx2 import HTTPError
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError:
        raise ModelMissing(
            f"{name} is gated. Ask for access on its page, then set HF_TOKEN."
        ) from None
    except errors.RepositoryNotFoundError:
        raise ModelMissing(
            f"There is no model {name}, or it is private. Check the spelling, or set HF_TOKEN."
        ) from None
    except errors.RevisionNotFoundError:
        raise ModelMissing(f"{name} has no revision {revision}.") from None
    except errors.HFValidationError:
        raise InvalidInput(f"{name} is neither a folder nor a name like owner/model.") from None
    except (errors.HfHubHTTPError, errors.LocalEntryNotFoundError) as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status in (401, 403):
            raise ModelMissing(f"The hub refuses {name} ({status}). Set HF_TOKEN.") from None
        reason = f"it answers {status}" if status else "it cannot be reached"
        raise _unavailable(name, reason) from None
    except (HTTPError, errors.OfflineModeIsEnabled, ConnectionError) as error:
        raise _unavailable(name, str(error) or type(error).__name__) from None


def _unavailable(name: str, reason: str) -> ResourceUnavailable:
    return ResourceUnavailable(
        f"{name} could not be downloaded: {reason}. Try again later; what has arrived is kept. Or "
        "get its files by hand and name their folder."
    )
