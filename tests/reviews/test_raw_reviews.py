"""`sentiment data --unlabelled`: raw reviews of a real archive from a real server."""

import gzip
import random
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.errors import InvalidInput, ResourceUnavailable
from pipeline.reviews import fetching, raw_archive, raw_reviews
from pipeline.reviews.labelled import read_reviews
from pipeline.reviews.nsmc import NSMC, TEST
from pipeline.reviews.raw_archive import RawArchive
from pipeline.reviews.raw_reviews import ARCHIVE, RECORD, UNLABELLED, check_source, get_unlabelled
from tests.support.command import run
from tests.support.paths import ROOT
from tests.support.raw_archives import TOP, Upstream, archive, member, raw_file, raw_files, served
from tests.support.small_nsmc import write_corpus
from tests.support.waiting import wait_until

OFFICIAL = "Best 영화 최고 감동"
NEW = [f"아직 아무도 모르는 영화 {number}" for number in range(40)]
SAME_AS_OFFICIAL = [
    f"  {OFFICIAL}\t",
    "Best  영화\n최고 감동",
    "Best영화최고감동",
    "BEST 영화 최고 감 동",
    "Best 영\u200b화 최고\u0000 감동",
    "Best 영화 최고 감동",
]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """NSMC as it is after `sentiment data`, with one test review of Latin letters."""
    corpus = write_corpus(tmp_path_factory.mktemp("corpus") / "nsmc")
    with (corpus / TEST.name).open("a", encoding="utf-8") as file:
        file.write(f"9999\t{OFFICIAL}\t1\n")
    return corpus


@pytest.fixture
def folder(corpus: Path, tmp_path: Path) -> Path:
    return shutil.copytree(corpus, tmp_path / "nsmc")


@pytest.fixture(scope="module")
def raw(corpus: Path) -> list[str]:
    """All of NSMC's texts, some of them written otherwise, and new ones, some of them twice."""
    official = [text for file in NSMC for text in read_reviews(corpus / file.name).texts]
    texts = [*official, *SAME_AS_OFFICIAL, *NEW, f" {NEW[0]} ", NEW[1].replace(" ", "  "), " \t"]
    random.Random(1).shuffle(texts)
    return texts


@pytest.fixture(scope="module")
def right(raw: list[str]) -> bytes:
    """The archive as it should be."""
    return archive(raw_files(raw))


@pytest.fixture
def upstream(right: bytes) -> Upstream:
    return Upstream(right)


@pytest.fixture
def url(upstream: Upstream) -> Iterator[str]:
    with served(upstream) as address:
        yield address


Get = Callable[[], Path]


@pytest.fixture
def get(url: str, folder: Path) -> Get:
    return lambda: get_unlabelled(url, folder)[0]


def lines(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode().split("\n")[:-1]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {file.name for file in NSMC}


def command(folder: Path, url: str) -> list[str]:
    """`sentiment data --unlabelled` where NSMC is what is in the folder."""
    module = [sys.executable, "-m", "tests.support.small_nsmc", str(folder), url]
    return [*module, "data", "--unlabelled", "--from", url, "--to", str(folder)]


def test_official_texts_are_left_out(url: str, folder: Path) -> None:
    arguments = command(folder, url)
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, cwd=ROOT)
    assert set(lines(folder / UNLABELLED)) == set(NEW)
    assert len(lines(folder / UNLABELLED)) == len(NEW)
    assert f"{folder / UNLABELLED}: 40 reviews without labels\n" in done.stdout
    assert "own, 3 repeated or empty." in done.stderr
    assert names(folder) == {UNLABELLED, RECORD}
    scored = run("predict", "--fast", folder / UNLABELLED)
    assert [row["text"] for row in scored.rows] == lines(folder / UNLABELLED)


def test_a_file_that_is_there_is_kept(get: Get, url: str, folder: Path, upstream: Upstream) -> None:
    get()
    arguments = command(folder, url)
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, cwd=ROOT)
    assert "40 reviews without labels, there already\n" in done.stdout
    assert len(upstream.asked) == 1


def test_control_c_leaves_the_part_to_go_on_from(
    url: str, folder: Path, upstream: Upstream
) -> None:
    upstream.breaks, upstream.holds = 1, True
    process = subprocess.Popen(command(folder, url), stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert upstream.sent.wait(20)
    wait_until((folder / f"{ARCHIVE}.part.etag").exists)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert (process.returncode, "is kept; the next call continues" in stderr) == (130, True)
    assert names(folder) == {f"{ARCHIVE}.part", f"{ARCHIVE}.part.etag"}
    have = (folder / f"{ARCHIVE}.part").stat().st_size
    get_unlabelled(url, folder)
    assert upstream.asked[1] == ((f"bytes={have}-", '"one"') if have else (None, None))
    assert set(lines(folder / UNLABELLED)) == set(NEW)


@pytest.mark.parametrize("is_chunked", [False, True])
def test_goes_on_where_it_broke_off(get: Get, upstream: Upstream, is_chunked: bool) -> None:
    upstream.breaks, upstream.is_chunked = 2, is_chunked
    assert set(lines(get())) == set(NEW)
    assert upstream.asked == [
        (None, None),
        ("bytes=1000-", '"one"'),
        ("bytes=2000-", '"one"'),
    ]


@pytest.mark.parametrize("etag", [None, 'W/"weak"', '"one'])
def test_starts_anew_where_nothing_says_that_the_archive_is_the_same(
    get: Get, upstream: Upstream, etag: str | None
) -> None:
    upstream.breaks, upstream.etag = 1, etag
    assert set(lines(get())) == set(NEW)
    assert upstream.asked == [(None, None), (None, None)]


def test_starts_anew_where_the_server_knows_no_ranges(get: Get, upstream: Upstream) -> None:
    upstream.breaks, upstream.honours_range = 1, False
    assert set(lines(get())) == set(NEW)


def test_starts_anew_where_the_archive_is_another(
    get: Get, upstream: Upstream, raw: list[str]
) -> None:
    upstream.breaks, upstream.break_after = 9, 100
    with pytest.raises(ResourceUnavailable, match="is kept"):
        get()
    upstream.content = archive(raw_files([*raw, "또 하나"]))
    upstream.breaks, upstream.etag = 0, '"two"'
    assert set(lines(get())) == {*NEW, "또 하나"}


def test_the_order_is_not_that_of_the_archive(get: Get, upstream: Upstream, raw: list[str]) -> None:
    before = get().read_bytes()
    (get().parent / RECORD).unlink()
    upstream.content = archive(raw_files(raw[::-1]))
    assert get().read_bytes() == before
    assert lines(get()) not in (sorted(NEW), NEW)


def test_a_file_that_was_changed_is_made_anew(get: Get, upstream: Upstream) -> None:
    get().write_bytes(gzip.compress(b"mine\n"))
    assert set(lines(get())) == set(NEW)
    assert len(upstream.asked) == 2


DEEP = b"[" * 200_000 + b"]" * 200_000
HOSTILE = {
    "path outside": member(f"{TOP}/../../outside.json", raw_file(["밖"])),
    "absolute path": member("/tmp/outside.json", raw_file(["밖"])),  # noqa: S108
    "link": member(f"{TOP}/raw/x.json", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "huge member": member(f"{TOP}/raw/x.json", b"[]", size=2**32),
    "bomb": member(f"{TOP}/ratings.txt", b"x", size=2**33 - 1),
    "header of 8 GiB": member("x", b"x", type=tarfile.XHDTYPE, size=2**33 - 1),
    "negative size": member("x", b"x", size=-512),
    "no JSON": member(f"{TOP}/raw/x.json", b"<html>"),
    "no UTF-8": member(f"{TOP}/raw/x.json", b'[{"review": "\xff"}]'),
    "no list": member(f"{TOP}/raw/x.json", b'{"review": "x"}'),
    "no reviews": member(f"{TOP}/raw/x.json", b"[1]"),
    "review of a number": member(f"{TOP}/raw/x.json", raw_file([1])),
    "deep lists": member(f"{TOP}/raw/x.json", DEEP),
    "twice": member("other/raw/0.json", raw_file(["둘"])),
    "no JSON by its name": member(f"{TOP}/raw/run.sh", b"#!/bin/sh"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_members_are_refused(raw: list[str], tmp_path: Path, name: str) -> None:
    path = tmp_path / ARCHIVE
    path.write_bytes(archive(raw_files(raw[:50]), others=[HOSTILE[name]]))
    with pytest.raises(InvalidInput, match="is not the archive of NSMC"):
        list(RawArchive(path).reviews())
    assert list(tmp_path.iterdir()) == [path]


def flipped(content: bytes) -> bytes:
    half = len(content) // 2
    return content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :]


DAMAGED: dict[str, Callable[[bytes], bytes]] = {
    "flipped bit": flipped,
    "flipped checksum": lambda content: content[:-5] + bytes([content[-5] ^ 1]) + content[-4:],
    "cut off": lambda content: content[:-2_000],
    "cut before the checksum": lambda content: content[:-8],
    "no archive": lambda _: b"<html>Not found</html>",
    "nothing": lambda _: b"",
    "gzip of text": lambda _: gzip.compress(b"text" * 1_000),
    "more behind it": lambda content: content + gzip.compress(b"\0" * 2**23),
    "other commit": lambda _: archive(raw_files(NEW), commit="0" * 40),
    "no reviews": lambda _: archive({"README.md": b""}),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_archives_are_refused(right: bytes, tmp_path: Path, name: str) -> None:
    path = tmp_path / ARCHIVE
    path.write_bytes(DAMAGED[name](right))
    with pytest.raises(InvalidInput, match="is not the archive of NSMC"):
        list(RawArchive(path).reviews())


def test_a_wrong_archive_is_not_kept(url: str, folder: Path, upstream: Upstream) -> None:
    upstream.content = upstream.content[:-2_000]
    done = subprocess.run(command(folder, url), capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 3
    assert "is damaged or cut off. It was removed. Try again" in done.stderr
    assert names(folder) == set()


def test_an_archive_without_the_official_texts_is_not_whole(get: Get, upstream: Upstream) -> None:
    upstream.content = archive(raw_files(NEW))
    with pytest.raises(InvalidInput, match=r"holds 0 of NSMC's own .* are missing"):
        get()


def test_all_that_it_unpacks_to_is_limited(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_archive, "MOST_UNPACKED", 150_000)
    with pytest.raises(InvalidInput, match="unpacks to more"):
        get()


def test_an_endless_download_is_cut(
    get: Get, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr(raw_reviews, "MOST_PACKED", 2_000)
    with pytest.raises(ResourceUnavailable, match="sends more than 2,000 bytes"):
        get()
    assert (folder / f"{ARCHIVE}.part").stat().st_size <= 2_000


def test_a_silent_server_is_left(
    get: Get, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "TIMEOUT_SECONDS", 0.3)
    monkeypatch.setattr(fetching, "ATTEMPTS", 1)
    upstream.breaks, upstream.holds = 1, True
    with pytest.raises(ResourceUnavailable, match="could not be read: timed out"):
        get()


def test_a_server_that_drips_is_left(
    get: Get, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes in time; a socket's own timeout would wait for all of them."""
    monkeypatch.setattr(fetching, "TIMEOUT_SECONDS", 0.3)
    monkeypatch.setattr(fetching, "ATTEMPTS", 1)
    upstream.drips = True
    with pytest.raises(ResourceUnavailable, match=r"takes too long|timed out"):
        get()


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x"])
def test_redirects_lead_to_http_alone(get: Get, upstream: Upstream, place: str) -> None:
    upstream.redirects_to = place
    with pytest.raises(ResourceUnavailable, match="could not be read"):
        get()


def test_an_archive_in_a_folder_is_read_there(
    folder: Path, tmp_path: Path, upstream: Upstream
) -> None:
    given = tmp_path / "given" / ARCHIVE
    with pytest.raises(InvalidInput, match=r"Name a folder that holds .*, which is https"):
        check_source(str(given.parent))
    given.parent.mkdir()
    given.write_bytes(upstream.content)
    check_source(str(given.parent))
    path, made, is_new = get_unlabelled(str(given.parent), folder)
    assert (made.reviews, is_new, set(lines(path))) == (len(NEW), True, set(NEW))
    assert given.exists()


def test_the_tree_is_the_one_that_git_knows(get: Get, folder: Path, raw: list[str]) -> None:
    get()
    repository = folder.parent / "repository"
    for name, content in raw_files(raw).items():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_bytes(content)
    git = ["git", "-C", str(repository), "-c", "core.autocrlf=false"]
    for step in (["init", "-q"], ["add", "raw"]):
        subprocess.run([*git, *step], check=True)
    written = subprocess.run([*git, "write-tree"], check=True, capture_output=True, text=True)
    tree = [*git, "rev-parse", f"{written.stdout.strip()}:raw"]
    expected = subprocess.run(tree, check=True, capture_output=True, text=True).stdout.strip()
    assert f'"raw_tree": "{expected}"' in (folder / RECORD).read_text()
