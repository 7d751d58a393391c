"""Replaying golden sets against a running server, to see whether it answers as offline."""

import http.client
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from pipeline.artifacts.pointer import current_artifact
from pipeline.artifacts.verification import ANY, Trust, load_artifact
from pipeline.errors import InvalidInput, ModelMissing, ResourceUnavailable

TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Replay:
    """How a server answered `texts` golden texts: what differed, and each request's seconds."""

    model: str
    texts: int
    differences: list[str]
    seconds: list[float]

    def percentile(self, percent: float) -> float:
        """Milliseconds within which `percent` % of the requests were answered."""
        return float(np.percentile(self.seconds, percent) * 1000)


def replay_golden(
    url: str, root: Path, slot: str | None = None, trust: Trust = ANY, key: str | None = None
) -> list[Replay]:
    """Ask a server for the golden answers of the models that it serves, one text per request.

    The artifact of each model must be in the store `root`. `slot` None: all slots. `key`: API key.
    Raises ModelMissing where an artifact is not there, ResourceUnavailable where the server does
    not answer or is not ready, InvalidInput for an invalid URL.
    """
    server = _Server(url, key)
    try:
        models = server.models()
        slots = sorted(models) if slot is None else [slot]
        return [_replay(server, root, name, models.get(name), trust) for name in slots]
    finally:
        server.close()


def _replay(server: "_Server", root: Path, slot: str, model: str | None, trust: Trust) -> Replay:
    if model is None:
        raise ResourceUnavailable(f"{server.url} serves no {slot} model now. See its /readyz.")
    artifact = load_artifact(_find(root, slot, model), slot, trust)
    differences, seconds = [], []
    golden = [answer for answer in artifact.manifest.golden if answer.text]
    for expected in golden:
        started = time.perf_counter()
        answer, answered_by = server.predict(expected.text, slot)
        seconds.append(time.perf_counter() - started)
        if answered_by != model:
            differences.append(f"{answered_by} answered, not {model}")
            continue
        label, confidence = answer.get("label"), answer.get("confidence")
        if problem := expected.difference(label, confidence, artifact.manifest.tolerance):
            differences.append(problem)
    return Replay(model, len(golden), differences, seconds)


def _find(root: Path, slot: str, model: str) -> Path:
    """Folder of the artifact that a server names; raises ModelMissing."""
    digest = model.partition("@")[2]
    found = sorted((root / slot).glob(f"{digest}*")) if digest.isalnum() else []
    if not found:
        current = current_artifact(root, slot).name
        raise ModelMissing(
            f"The server answers with {model}, which is not in {root}; current there is "
            f"{slot}@{current[:12]}. Name the folder that has it with --artifacts."
        )
    return found[0]


class _Server:
    """A running server, asked over one connection."""

    def __init__(self, url: str, key: str | None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidInput(f"{url} is no address like http://127.0.0.1:5000.")
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self.url = url.rstrip("/")
        self._path = parts.path.rstrip("/")
        self._headers = {"Content-Type": "application/json"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"
        self._connection = kind(parts.hostname, parts.port, timeout=TIMEOUT_SECONDS)

    def models(self) -> dict[str, str]:
        """Names of the models that it serves, by slot."""
        status, record, _ = self._ask("GET", "/readyz")
        models = record.get("models")
        if status != http.HTTPStatus.OK or not isinstance(models, dict) or not models:
            raise ResourceUnavailable(f"{self.url} is not ready ({status}). See its log.")
        return {str(slot): str(model) for slot, model in models.items()}

    def predict(self, text: str, slot: str) -> tuple[dict[str, Any], str | None]:
        """Answer to one text, and the name of the model that gave it."""
        body = json.dumps({"text": text, "do_fast": slot == "fast"}).encode()
        status, record, model = self._ask("POST", "/predict", body)
        answer = record.get("0")
        if status != http.HTTPStatus.OK or not isinstance(answer, dict):
            code = record.get("error", {}).get("code")
            raise ResourceUnavailable(f"{self.url} answers {status} {code} to a golden text.")
        return answer, model

    def _ask(
        self, method: str, path: str, body: bytes | None = None
    ) -> tuple[int, dict[str, Any], str | None]:
        try:
            self._connection.request(method, self._path + path, body, self._headers)
            response = self._connection.getresponse()
            record = json.loads(response.read())
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or error or type(error).__name__
            raise ResourceUnavailable(f"{self.url} does not answer: {reason}.") from None
        except ValueError:
            record = None
        if not isinstance(record, dict):
            raise ResourceUnavailable(f"{self.url} does not answer like a sentiment server.")
        return response.status, record, response.headers.get("X-Model")

    def close(self) -> None:
        """End the connection."""
        self._connection.close()
