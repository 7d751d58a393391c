"""The analyzers, where their packages are: blanks, threads, forks, deaths, servers."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from pipeline.errors import InvalidInput
from pipeline.handlers.fast import LinearHandler
from pipeline.handlers.loading import load_current
from pipeline.text.analyzer_packages import how_to_install, missing_packages, needs_java
from pipeline.text.cleaning import clean
from pipeline.text.java import find_java
from pipeline.text.java_tokenizer import JavaTokenizer
from pipeline.text.morphemes import Morpheme, Tokenizer, is_content
from pipeline.text.tokenizers import get_tokenizer
from pipeline.training.fast import train
from pipeline.training.fitting import LinearSettings, features_for
from pipeline.workflows.explaining import explain
from pipeline.workflows.sealing import serialize
from tests.support.paths import SAMPLE
from tests.support.served import Served, served
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

TASKS = Path("/proc/self/task")
TEXTS = ["정말 재밌게 잘봤습니다!", "", "돈 아깝다", "ㅋㅋㅋ 😀 굿", "지루하고재미없다"]


def require(name: str) -> Tokenizer:
    if missing_packages(name):
        pytest.skip(f"{name} needs `{how_to_install(name)}`")
    if needs_java(name) and find_java() is None:
        pytest.skip(f"{name} needs Java")
    return get_tokenizer(name)


@pytest.fixture(params=["mecab", "kiwi", "okt"])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return require(request.param)


@pytest.fixture
def okt() -> JavaTokenizer:
    tokenizer = require("okt")
    assert isinstance(tokenizer, JavaTokenizer)
    return tokenizer


@pytest.fixture(scope="module")
def okt_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Artifacts folder with a model trained on the sample's morphemes."""
    require("okt")
    root = tmp_path_factory.mktemp("okt")
    train(SAMPLE, root, LinearSettings(features=features_for("okt")))
    serialize(root, None, root)
    yield root
    get_tokenizer("okt").close()


def test_a_text_has_the_same_morphemes_alone_and_in_a_batch(tokenizer: Tokenizer) -> None:
    found = tokenizer.tokenize(TEXTS)
    assert found == [tokenizer.tokenize([text])[0] for text in TEXTS]
    assert found[1] == []
    assert all(found[number] for number in (0, 2, 3, 4))


def test_content_words_are_told_from_particles_and_endings(tokenizer: Tokenizer) -> None:
    (found,) = tokenizer.tokenize(["이 영화는 정말 재미있었다 ㅋㅋ 10점!"])
    content = [word for morpheme in found for word in morpheme.content]
    assert {"영화", "정말"} <= set(content)
    assert not {"는", "다", "!"} & set(content)


@pytest.mark.parametrize("tag", ["NNG", "VX+EC", "SL", "Exclamation", "Suffix", "Noun", "EMO", ""])
def test_tags_of_content_words(tag: str) -> None:
    assert is_content(tag)


@pytest.mark.parametrize("tag", ["JKS", "EP+EF", "SF", "Josa", "Eomi", "PreEomi", "Punctuation"])
def test_tags_of_function_words(tag: str) -> None:
    assert not is_content(tag)


def test_kiwi_gives_contractions_apart_and_closed_endings_open() -> None:
    (found,) = require("kiwi").tokenize(["기대 안 했는데 아까워욬ㅋㅋ"])
    texts = [morpheme.text for morpheme in found]
    assert texts[:5] == ["기대", "안", "하", "었", "는데"]
    assert "어요" in texts


def test_a_contraction_holds_its_stem() -> None:
    (found,) = require("mecab").tokenize(["기대 안 했는데"])
    assert Morpheme("했", ("하",)) in found


def test_threads_get_the_same_answers(tokenizer: Tokenizer) -> None:
    expected = tokenizer.tokenize(TEXTS)
    with ThreadPoolExecutor(4) as pool:
        assert all(answer == expected for answer in pool.map(tokenizer.tokenize, [TEXTS] * 12))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_and_its_parent_go_on(tokenizer: Tokenizer) -> None:
    expected = tokenizer.tokenize(TEXTS)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(_tokenize, (tokenizer.name,)) == expected
        if tokenizer.name == "kiwi" and TASKS.exists():
            assert len(pool.apply(os.listdir, (TASKS,))) == 1  # it has no threads of its own
    assert tokenizer.tokenize(TEXTS) == expected


def _tokenize(name: str) -> list[list[Morpheme]]:
    return get_tokenizer(name).tokenize(TEXTS)


def test_a_dead_analyzer_is_started_anew(okt: JavaTokenizer) -> None:
    expected = okt.tokenize(TEXTS)
    first = okt.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert okt.tokenize(TEXTS) == expected
    assert okt.pid != first


def test_hostile_texts_are_analyzed(tokenizer: Tokenizer) -> None:
    texts = ["ㅋ" * 5_000, "가나다" * 2_000, "\ud800", "\0", "a\u0301" * 500]
    assert len(tokenizer.tokenize([clean(text) for text in texts])) == len(texts)


def test_other_names_are_refused() -> None:
    with pytest.raises(InvalidInput, match="okt"):
        get_tokenizer("nosuch")


def test_a_model_with_morphemes_gives_the_same_alone_and_in_a_batch(okt_root: Path) -> None:
    handler = load_current(okt_root, "fast")
    assert handler.handle(TEXTS) == [handler.handle([text])[0] for text in TEXTS]


def test_contributions_of_morphemes_and_content_words_sum_to_the_logit(okt_root: Path) -> None:
    handler = load_current(okt_root, "fast")
    assert isinstance(handler, LinearHandler)
    found = explain(handler, "정말 재밌게 잘 봤습니다!")
    assert {"morphemes", "content words"} <= {part.view for part in found.contributions}
    total = found.intercept + sum(part.logit for part in found.contributions)
    assert total == pytest.approx(found.logit, abs=1e-9)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_several_workers_serve_it_and_stop(okt_root: Path, end: signal.Signals) -> None:
    expected = load_current(okt_root, "fast").handle(TEXTS[2:])
    with served(okt_root, "--workers", "2") as server:
        for _ in range(6):
            assert _labels(server) == [answer.label for answer in expected]
        server.process.send_signal(end)
        assert server.process.wait(30) == 0


def _labels(server: Served) -> list[str]:
    """As a client gets them: Java may start too slowly for a deadline, which is told by a 503."""
    asked: list[requests.Response] = []

    def is_answered() -> bool:
        body = {"text": TEXTS[2:], "do_fast": True}
        asked.append(requests.post(f"{server.url}/predict", json=body, timeout=60))
        return asked[-1].status_code != 503

    wait_until(is_answered, 60)
    return [answer["label"] for answer in asked[-1].json().values()]
