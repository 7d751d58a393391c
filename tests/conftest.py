"""Real objects for the tests: a model trained on the sample, one on NSMC where it is at hand."""

import os
import signal
from pathlib import Path

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
from tests.support.once import made_once
from tests.support.paths import SAMPLE, Invoke
from tests.support.tiny_models import SMALL, make_model, write_easy_reviews

# Shells start what runs in the background with Ctrl-C ignored, and children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ.setdefault("OMP_NUM_THREADS", "1")  # torch on small models: more would only wait

settings.register_profile("no deadline", deadline=None)  # a busy machine is no failure
settings.load_profile("no deadline")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever needs the real NSMC is marked so."""
    for item in items:
        if {"nsmc", "nsmc_root"}.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.nsmc)


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
    pytest.importorskip("torch", reason="needs the extra [deep]")
    return make_model(tmp_path_factory.mktemp("models") / "tiny-bert", "bert")


@pytest.fixture(scope="session")
def deep_root(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Artifacts folder with a small transformer, fine-tuned on the sample, exact."""

    def make(root: Path) -> None:
        easy = write_easy_reviews(root / "easy.tsv")
        train_deep(easy, root, get_model(str(tiny_bert)), SMALL)
        serialize(root, None, root, form=Form(precision="fp32"))

    return made_once(tmp_path_factory, "deep", make)


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

    def make(root: Path) -> None:
        train(nsmc, root, LinearSettings())
        serialize(root, None, root)

    return made_once(tmp_path_factory, "nsmc", make)


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
