"""What is documented runs: every command of the pages and of every help, as a reader types it.

Each document is one session of a real bash, from top to bottom, in a folder that holds what a
reader would have by then. `sentiment serve` stays up until the next one, or to the end.
"""

import json
import os
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from cli.main import COMMANDS, main
from pipeline.artifacts.listing import list_artifacts
from tests.support.documents import COMMAND_LINE, Document, Line, as_pattern, read_helps, read_page
from tests.support.loopback import free_port
from tests.support.paths import ROOT, SAMPLE
from tests.support.readers_folder import copy_into, make_environment, write_reviews
from tests.support.terminal import Ran, Terminal, terminal
from tests.support.waiting import wait_until

MARKED = {
    r"^sudo ": "needs root, and changes the machine",
    r"^cd /opt/sentiment$": "is where a step before it, as root, has put the program",
    r"^make (run|test)\b": "installs from PyPI, takes minutes, and runs this test",
    r"^make (release|remote-test)\b": "is for a deployment, whose own tests try it",
    r"^aws ": "needs an account at AWS",
    r"^docker ": "needs Docker",
    r"^kubectl ": "needs a cluster",
    r"\$ADDRESS\b": "needs a box on EC2",
    r"\bmake bench\b": "installs from PyPI, takes minutes",
    r"\bpip install\b": "installs from PyPI",
    r"\bs3://": "needs a bucket on an S3 server",
    r"--engine ray\b": "needs Ray",
    r"^serve (run|deploy)\b": "needs a Ray cluster",
}
"""Commands that are not run here: what they look like, and why."""

KOREAN = [ROOT / "README.ko.md", *sorted(ROOT.glob("docs/*.ko.md"))]
_ENGLISH = [page for page in sorted(ROOT.glob("docs/*.md")) if page not in KOREAN]
PAGES = [read_page(page) for page in (ROOT / "README.md", *_ENGLISH)]
HELPS = list(read_helps(main, "sentiment"))
DOCUMENTS = [document for document in (*PAGES, *HELPS) if document.lines]

WITHOUT_CORPUS = {"README.md", "docs/benchmarks.md", "sentiment data --help"}
WITHOUT_MODELS = {"README.md"}
BEFORE = dict.fromkeys(
    ("docs/http.md", "docs/operations.md", "sentiment verify --help"), "sentiment serve"
)
"""What runs already: a server to be asked or verified, or that systemd has started."""

RUNS = {"20261122T0912": "fast", "20261123T1840": "deep"}
"""Examples of run ids; what is run has that of the newest run of this model."""
SERVE = re.compile(r"sentiment (serve|quickstart(?!.* --no-serve))\b")
FOLLOW_SECONDS = 3.0
"""A running server takes over a new model "within seconds", as the documents say."""
PROGRAMS = ("bash", "curl", "jq", "openssl")


def reason(command: str) -> str | None:
    """Why a command is not run here; None where it is."""
    return next((why for pattern, why in MARKED.items() if re.search(pattern, command)), None)


@pytest.fixture
def environment(tmp_path: Path, hub_url: str) -> dict[str, str]:
    """The variables of the reader's shell. For curl, an answer that is an error is a failure."""
    port = free_port()
    (tmp_path / ".curlrc").write_text("fail-with-body\n")
    return {
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "SENTIMENT_SERVE_PORT": str(port),
        "HF_ENDPOINT": hub_url,
    }


@pytest.fixture
def folder(tmp_path: Path, corpus: Path, corpus_url: str, model: Path) -> Path:
    """The reader's folder in the reader's home, with reviews of all kinds and a model."""
    folder = tmp_path / "sentiment"
    folder.mkdir()
    write_reviews(folder)
    make_environment(folder / ".venv", corpus, corpus_url)
    copy_into(model, folder / "my-model")
    for name in (SAMPLE.name, "shop.tsv", "shop-unlabelled.txt"):
        copy_into(SAMPLE.with_name(name), folder / "data" / name)
    copy_into(corpus / "ratings_test.txt", folder / "held-out.tsv")
    copy_into(corpus, tmp_path / "Downloads" / "nsmc")
    return folder


class Reader:
    """Somebody who types a document's commands into a terminal, one after the other.

    `may_have_changed`: the current models, since the server was last known to follow them.
    """

    def __init__(self, at: Terminal, folder: Path, port: str) -> None:
        self.at = at
        self.folder = folder
        self.port = port
        self.serves = False
        self.may_have_changed = True

    def type(self, command: str) -> Ran:
        """Run a command; one that serves is left running, once it is ready."""
        command = self.with_real_names(command)
        if SERVE.match(command):
            return self.serve(command)
        if self.serves and self.port in command and self.may_have_changed:
            time.sleep(FOLLOW_SECONDS)
        self.may_have_changed = self.port not in command
        return self.at.run(command)

    def with_real_names(self, command: str) -> str:
        """Put the server's port, a digest and a run's id where the documents have examples."""
        stored = [item.folder for item in list_artifacts(self.folder / "artifacts")]
        digest = next((path.name for path in stored if path.parent.name == "fast"), "")
        command = re.sub(
            r"(127\.0\.0\.1:)(?:5000|8080)|(--port )8080", rf"\g<1>\g<2>{self.port}", command
        )
        command = re.sub(r"\b3f9c\b…?", digest, command)
        return re.sub("|".join(RUNS), lambda found: self.newest_run(RUNS[found[0]]), command)

    def newest_run(self, slot: str) -> str:
        records = (self.folder / "artifacts" / "runs").glob("*/run.json")
        runs = [json.loads(record.read_text("utf-8")) for record in records]
        return max(run["id"] for run in runs if run["slot"] == slot)

    def serve(self, command: str) -> Ran:
        stopped = self.leave()
        if stopped.code:
            return stopped
        self.at.start(command)
        self.serves, self.may_have_changed = True, False
        try:
            wait_until(self.is_ready, 60)
        except AssertionError:
            return Ran(124, "", self.at.log())
        return Ran(0, "", "")

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=10):
                return True
        except OSError:
            return False

    def leave(self) -> Ran:
        """End the server, if there is one."""
        if not self.serves:
            return Ran(0, "", "")
        self.serves = False
        return self.at.stop()


def check(document: Document, line: Line, ran: Ran) -> None:
    where = f"{document.source}:{line.number} ({document.name}): {line.command}"
    if ran.code:
        pytest.fail(f"{where}\nexit code {ran.code}\n{ran.errors}{ran.output}", pytrace=False)
    if line.shown and not as_pattern(line.shown).fullmatch(ran.output.strip()):
        pytest.fail(f"{where}\nshown:\n{line.shown}\nprinted:\n{ran.output}", pytrace=False)


@pytest.mark.slow
@pytest.mark.skipif(
    not all(map(shutil.which, PROGRAMS)), reason=f"needs {', '.join(PROGRAMS)} as the documents do"
)
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_what_is_documented_runs(
    document: Document,
    folder: Path,
    environment: Mapping[str, str],
    corpus: Path,
    trained: Path,
    record_property: Callable[[str, object], None],
    tmp_path: Path,
) -> None:
    if document.name not in WITHOUT_CORPUS:
        copy_into(corpus, folder / "data" / "nsmc")
    if document.name not in WITHOUT_MODELS:
        for given in trained.iterdir():
            copy_into(given, folder / given.name)
    with terminal(folder, environment, tmp_path) as opened:
        reader = Reader(opened, folder, environment["SENTIMENT_SERVE_PORT"])
        for command in (". .venv/bin/activate", BEFORE.get(document.name, "true")):
            assert reader.type(command).code == 0
        for line in document.lines:
            if reason(line.command):
                record_property(COMMAND_LINE, "marked")
            else:
                check(document, line, reader.type(line.command))
                record_property(COMMAND_LINE, "run")
        left = reader.leave()
        assert left.code == 0, left.errors


def without_comments(document: Document) -> list[str]:
    lines = [line.command.splitlines() for line in document.lines]
    return [re.sub(r"\s+#.*", "", part).strip() for command in lines for part in command]


@pytest.mark.parametrize("page", KOREAN, ids=lambda page: page.stem)
def test_a_korean_page_has_the_commands_of_the_english_one(page: Path) -> None:
    """So that they need not be run a second time."""
    korean, english = read_page(page), read_page(page.with_name(page.name.replace(".ko", "")))
    assert without_comments(korean) == without_comments(english)
    assert [line.shown for line in korean.lines] == [line.shown for line in english.lines]


def test_every_mark_is_needed() -> None:
    commands = [line.command for document in DOCUMENTS for line in document.lines]
    unused = [mark for mark in MARKED if not any(re.search(mark, command) for command in commands)]
    assert unused == []


def test_every_command_shows_examples() -> None:
    assert {f"sentiment {name} --help" for name in COMMANDS} <= {help_.name for help_ in HELPS}


@pytest.mark.parametrize(
    ("command", "code"),
    [("cat gone.txt | cat", 1), ("false | true", 1), ("echo $UNSET", 1), ("exit 3", 3)],
)
def test_what_fails_is_noticed(command: str, code: int, tmp_path: Path) -> None:
    with terminal(tmp_path, {"PATH": os.environ["PATH"]}, tmp_path) as opened:
        assert opened.run("cd /\nexport SET=1  # both last") == Ran(0, "", "")
        assert opened.run("pwd; echo $SET") == Ran(0, "/\n1\n", "")
        assert opened.run(command).code == code


def test_what_is_printed_must_be_what_is_shown() -> None:
    shown = as_pattern('{"label": "positive", "confidence": 0.99…}')
    assert shown.fullmatch('{"label": "positive", "confidence": 0.9912}')
    assert not shown.fullmatch('{"label": "positive", "confidence": 0.98}')
