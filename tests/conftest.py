"""Real objects for the tests: a model trained on the sample, one on NSMC where it is at hand."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from click.testing import CliRunner, Result
from hypothesis import settings

from cli.main import main
from pipeline.handlers.base import Handler
from pipeline.handlers.loading import load_current
from pipeline.sealing import serialize
from pipeline.training.linear import LinearSettings
from pipeline.training.run import train

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


@contextmanager
def served(root: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A real `sentiment serve` on a free port of the loopback: (base URL, process)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [SENTIMENT, "serve", "--artifacts", str(root), "--port", str(port), *options]
    process = subprocess.Popen(command)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(url, process)
        yield url, process
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert process.poll() is None, "the server stopped early"
        try:
            urlopen(f"{url}/readyz", timeout=5).close()
        except URLError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server was not ready within 10 s")
