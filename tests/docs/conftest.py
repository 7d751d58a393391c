"""What the documents take for granted, made once: a corpus, a hub, models, keys."""

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipeline.artifacts.runs import find_run
from pipeline.reviews.labelled import read_reviews
from pipeline.reviews.nsmc import NSMC
from pipeline.reviews.raw_reviews import ARCHIVE
from pipeline.training.fast import train
from pipeline.training.fitting import LinearSettings
from pipeline.workflows.sealing import serialize
from tests.support import local_hub
from tests.support.documents import COMMAND_LINE
from tests.support.loopback import serving
from tests.support.raw_archives import archive, raw_files
from tests.support.small_nsmc import write_corpus

KEYS = (
    "openssl genpkey -algorithm ed25519 -out private.pem",
    "openssl pkey -in private.pem -pubout -out public.pem",
)
HUB_MODELS = (
    "monologg/koelectra-base-finetuned-nsmc",
    "monologg/koelectra-small-finetuned-nsmc",
    "monologg/koelectra-small-v3-discriminator",
)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The tally over all workers, whose reports bring these properties along."""
    reports = [report for some in terminalreporter.stats.values() for report in some]
    tally = Counter(
        value
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, value in report.user_properties
        if name == COMMAND_LINE
    )
    if tally:
        terminalreporter.write_line(
            f"Documentation: {tally['run']} command lines run, {tally['marked']} marked."
        )


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """NSMC, and the archive of its raw reviews."""
    folder = write_corpus(tmp_path_factory.mktemp("corpus") / "nsmc")
    texts = [text for file in NSMC for text in read_reviews(folder / file.name).texts]
    (folder / ARCHIVE).write_bytes(archive(raw_files([*texts, "새로 쓴 리뷰"])))
    return folder


@pytest.fixture(scope="session")
def corpus_url(corpus: Path) -> Iterator[str]:
    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = partial(Handler, directory=str(corpus))
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as url:
        yield url


@pytest.fixture(scope="session")
def model(deep_root: Path, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small transformer that has learned, in Hugging Face's format."""
    folder = tmp_path_factory.mktemp("model") / "my-model"
    shutil.copytree(tiny_bert, folder)
    run = find_run(deep_root)
    shutil.copy(run / "config.json", folder)
    shutil.copy(run / "weights.safetensors", folder / "model.safetensors")
    return folder


@pytest.fixture(scope="session")
def hub_url(model: Path) -> Iterator[str]:
    with local_hub.running(local_hub.Hub(model, repositories=HUB_MODELS)) as hub:
        yield hub.url


@pytest.fixture(scope="session")
def trained(corpus: Path, deep_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with keys and artifacts: a deep model, two fast ones, and a newer run, not sealed.

    The fast ones are signed.
    """
    folder = tmp_path_factory.mktemp("trained")
    for command in KEYS:
        subprocess.run(command.split(), cwd=folder, check=True)
    root = folder / "artifacts"
    shutil.copytree(deep_root, root)
    for seed in (0, 1):
        train(corpus, root, LinearSettings(seed=seed))
        serialize(root, None, root, folder / "private.pem")
    train(corpus, root, LinearSettings(seed=2))
    return folder
