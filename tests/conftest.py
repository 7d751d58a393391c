"""Real objects for the tests: a model trained on the sample, one on NSMC where it is at hand."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import settings

from cli.main import main
from pipeline.handlers.base import Handler
from pipeline.handlers.loading import load_current
from pipeline.models.transformer.hub import get_model
from pipeline.training.deep import train_deep
from pipeline.training.fast import train
from pipeline.training.fitting import LinearSettings
from pipeline.workflows.sealing import Form, serialize
from tests.tiny import SMALL, make_model, write_easy_reviews

# Shells start what runs in the background with Ctrl-C ignored, and children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ.setdefault("OMP_NUM_THREADS", "1")  # torch on small models: more would only wait

SAMPLE = Path(__file__).parent.parent / "data" / "sample.tsv"
SENTIMENT = str(Path(sys.executable).with_name("sentiment"))

Invoke = Callable[..., Result]

settings.register_profile("no deadline", deadline=None)  # a busy machine is no failure
settings.load_profile("no deadline")


@pytest.fixture(scope="session")
def sample_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Artifacts folder with a model trained on the sample."""
    root = tmp_path_factory.mktemp("sample")
    train(SAMPLE, root, LinearSettings())
    serialize(root, None, root)
    return root


@pytest.fixture(scope="session")
def handler(sample_root: Path) -> Handler:
    return load_current(sample_root, "fast")


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT of two labels in Hugging Face's format."""
    return make_model(tmp_path_factory.mktemp("models") / "tiny-bert", "bert")


@pytest.fixture(scope="session")
def deep_root(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Artifacts folder with a small transformer, fine-tuned on the sample, exact."""
    root = tmp_path_factory.mktemp("deep")
    easy = write_easy_reviews(root / "easy.tsv")
    train_deep(easy, root, get_model(str(tiny_bert)), SMALL)
    serialize(root, None, root, form=Form(precision="fp32"))
    return root


@pytest.fixture(scope="session")
def deep_handler(deep_root: Path) -> Handler:
    return load_current(deep_root, "deep")


@pytest.fixture(scope="session")
def nsmc() -> Path:
    folder = os.environ.get("NSMC_DIR")
    if not folder:
        pytest.skip("NSMC_DIR does not name a folder with the real NSMC")
    return Path(folder)


@pytest.fixture(scope="session")
def nsmc_root(nsmc: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Artifacts folder with the default model, trained on the whole of NSMC."""
    root = tmp_path_factory.mktemp("nsmc")
    train(nsmc, root, LinearSettings())
    serialize(root, None, root)
    return root


@pytest.fixture
def invoke() -> Invoke:
    """Run `sentiment` in this process."""

    def run(*arguments: object, **options: object) -> Result:
        return CliRunner().invoke(main, [str(a) for a in arguments], **options)  # type: ignore[arg-type]

    return run


@pytest.fixture(scope="session")
def expected(handler: Handler) -> dict[str, dict[str, dict[str, object]]]:
    """What clients under load must be answered, by model and text."""
    texts = [
        f"{text} {n}" for n in range(10) for text in ("재밌다", "지루한 영화", "굿", "돈 아까움")
    ]
    answers = handler.handle(texts)
    return {handler.name: {answer.text: answer._asdict() for answer in answers}}


@dataclass
class Served:
    """A real server on a port of the loopback."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON of a GET."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def workers(self) -> list[int]:
        """Process ids of the workers."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def events(self) -> list[dict[str, Any]]:
        """What it has logged so far."""
        lines = self.log.read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def wait_for(self, status: int, path: str = "/readyz", seconds: float = 60) -> None:
        """Wait until GET answers with this status."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log.read_text()
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.get(path)[0] == status:
                    return
            time.sleep(0.02)
        raise AssertionError(f"{path} did not answer {status} within {seconds} s")


@contextmanager
def served(
    root: Path, *options: str, command: Sequence[str] = (SENTIMENT,), ready: int = 200
) -> Iterator[Served]:
    """A real `sentiment serve`, up as soon as /readyz answers `ready`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = [*command, "serve", "--artifacts", str(root), "--port", str(port), *options]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as stderr:
            server = Served(port, subprocess.Popen(arguments, stderr=stderr), log)
        try:
            server.wait_for(ready)
            yield server
        finally:
            server.process.terminate()
            server.process.wait(40)
