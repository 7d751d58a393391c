"""Replaying golden sets against a running server, to see whether it answers as offline."""

import http
import re
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.artifacts import builtin
from pipeline.artifacts.bucket.address import BucketAddress, named_in_errors
from pipeline.artifacts.bucket.choosing import local_store
from pipeline.artifacts.pointer import artifact_in_use
from pipeline.artifacts.verification import ANY, Trust, load_artifact
from pipeline.errors import ModelMissing, ResourceUnavailable
from pipeline.handlers.loading import HANDLERS
from pipeline.workflows.asking import TIMEOUT_SECONDS, Server, Timed, body_of


@dataclass(frozen=True)
class Replay(Timed):
    """How a server answered `texts` golden texts: what differed, and each request's seconds."""

    model: str
    texts: int
    differences: list[str]
    seconds: list[float]


def replay_golden(
    url: str,
    store: Path | BucketAddress,
    slot: str | None = None,
    trust: Trust = ANY,
    key: str | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> list[Replay]:
    """Ask a server for the golden answers of the models that it serves, one text per request.

    The artifact of each model must be in `store`, or be the built-in one. `slot` None: all
    slots. `key`: API key. `timeout`: seconds for each answer. Raises ModelMissing where an artifact
    is not there, ResourceUnavailable where the server does not answer, not like one of ours, or is
    not ready, InvalidInput for an invalid URL.
    """
    with closing(Server(url, key, timeout)) as server:
        models = _models(server)
        slots = sorted(models) if slot is None else [slot]
        root = local_store(store, slots, trust)
        with named_in_errors(root, store):
            return [_replay(server, root, name, models.get(name), trust) for name in slots]


def _models(server: Server) -> dict[str, str]:
    """Names of the models that it serves, by slot; no other text of its is taken for a name."""
    status, record, _ = server.ask("GET", "/readyz")
    models = record.get("models")
    if status != http.HTTPStatus.OK or not isinstance(models, dict) or not models:
        raise ResourceUnavailable(f"{server.url} is not ready ({status}). See its log.")
    if not all(slot in HANDLERS and _is_name(model, slot) for slot, model in models.items()):
        raise ResourceUnavailable(f"{server.url} does not name its models as a sentiment server.")
    return models


def _is_name(model: object, slot: str) -> bool:
    return isinstance(model, str) and re.fullmatch(f"{slot}@[0-9a-f]{{12}}", model) is not None


def _replay(server: Server, root: Path, slot: str, model: str | None, trust: Trust) -> Replay:
    if model is None:
        raise ResourceUnavailable(f"{server.url} serves no {slot} model now. See its /readyz.")
    artifact = load_artifact(_find(root, slot, model, trust), slot, trust)
    differences, seconds = [], []
    golden = [answer for answer in artifact.manifest.golden if answer.text]
    for expected in golden:
        started = time.perf_counter()
        answer, answered_by = _predict(server, expected.text, slot)
        seconds.append(time.perf_counter() - started)
        if answered_by != model:
            other = answered_by if _is_name(answered_by, slot) else "another"
            differences.append(f"{other} answered, not {model}")
            continue
        label = answer.get("likelier_label") or answer.get("label")
        confidence = answer.get("confidence")
        if problem := expected.difference(label, confidence, artifact.manifest.tolerance):
            differences.append(problem)
    return Replay(model, len(golden), differences, seconds)


def _predict(server: Server, text: str, slot: str) -> tuple[dict[str, Any], str | None]:
    """Answer to one text, and the name of the model that gave it."""
    status, record, model = server.ask("POST", "/predict", body_of(text, slot == "fast"))
    answer = record.get("0")
    if status != http.HTTPStatus.OK or not isinstance(answer, dict):
        error = record.get("error")
        code = error.get("code") if isinstance(error, dict) else None
        shown = f" {code}" if isinstance(code, str) and re.fullmatch("[a-z_]{1,40}", code) else ""
        raise ResourceUnavailable(f"{server.url} answers {status}{shown} to a golden text.")
    return answer, model


def _find(root: Path, slot: str, model: str, trust: Trust) -> Path:
    """Folder of the artifact that a server names; raises ModelMissing."""
    digest = model.partition("@")[2]
    found = sorted((root / slot).glob(f"{digest}*"))
    if found:
        return found[0]
    folder = artifact_in_use(root, slot, trust)
    if folder == builtin.FOLDER and model == builtin.NAME:
        return folder
    raise ModelMissing(
        f"The server answers with {model}, which is not in {root}; current there is "
        f"{slot}@{folder.name[:12]}. Name the folder that has it with --artifacts."
    )
