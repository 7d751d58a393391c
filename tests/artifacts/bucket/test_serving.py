"""A server of a bucket: from an empty one to a verified server; following; an old pointer."""

import os
import signal
from pathlib import Path

import pytest

from pipeline.artifacts.bucket.client import Bucket
from pipeline.artifacts.pointer import CURRENT
from pipeline.artifacts.signing import sign
from pipeline.artifacts.verification import MANIFEST, PARAMETERS, SIGNATURE
from tests.artifacts.bucket.conftest import get, publish, put
from tests.support.command import run
from tests.support.keys import write_key_pair
from tests.support.s3_server import Proxy, Relay
from tests.support.served import Served, served
from tests.support.waiting import wait_until


def answering(server: Served) -> str:
    """The name of the fast model that answers."""
    return str(server.get("/readyz")[1]["models"]["fast"])


def test_from_an_empty_bucket_to_a_verified_server(
    bucket: Bucket, sample_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = bucket.address
    done = run("serialize", "--artifacts", sample_root, "--to", place)
    assert done.code == 0, done.stderr
    digest = done.stdout.decode().strip()
    other = tmp_path / "elsewhere"
    other.mkdir()
    monkeypatch.chdir(other)
    with served(place, "--expect-digest", digest, "--workers", "2") as server:  # type: ignore[arg-type]
        verified = run("verify", "--artifacts", place, "--expect-digest", digest, server.url)
        assert verified.code == 0, verified.stderr
        assert verified.stdout.decode().startswith(f"fast@{digest[:12]}: good (")
    # A box that starts while another one is current already has the one that it was given.
    command = ("serialize", "--artifacts", sample_root, "--to", place, "--unsure-below", "0.9")
    assert run(*command).stdout.decode().strip() != digest
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "new-box"))
    with served(place, "--expect-digest", digest) as server:  # type: ignore[arg-type]
        assert answering(server) == f"fast@{digest[:12]}"
    for wrong in ("0" * 64, "0" * 8):
        refused = run("predict", "--text", "굿", "--artifacts", place, "--expect-digest", wrong)
        assert refused.code == 4
    assert not list(other.iterdir())


@pytest.fixture
def signed(filled: Path, digests: list[str], tmp_path: Path) -> tuple[list[Path], Path]:
    """Folders of eight signed artifacts, from the oldest on, and the public key."""
    private, public = write_key_pair(tmp_path)
    folders = [filled / "fast" / digest for digest in digests]
    for folder in folders:
        (folder / SIGNATURE).write_bytes(sign((folder / MANIFEST).read_bytes(), private))
    return folders, public


def test_a_server_follows_the_bucket_but_not_back(
    bucket: Bucket, proxy: Proxy, signed: tuple[list[Path], Path]
) -> None:
    folders, public = signed
    names = [f"fast@{folder.name[:12]}" for folder in folders]
    demands = ("--require-signature", public, "--not-before", "2030-01-03")
    publish(bucket, folders[0])
    old_pointer = get(bucket, "fast", CURRENT)
    publish(bucket, folders[4])
    with served(bucket.address, "--workers", "2", *map(str, demands)) as server:  # type: ignore[arg-type]
        assert answering(server) == names[4]
        os.kill(server.workers()[0], signal.SIGKILL)  # perhaps the one that asks the bucket
        publish(bucket, folders[5])
        wait_until(lambda: answering(server) == names[5])

        put(bucket, old_pointer, "fast", CURRENT)
        wait_until(lambda: server.logged("before 2030-01-03"))
        assert answering(server) == names[5]
        place = ("--artifacts", bucket.address)
        refused = run("predict", "--fast", "--text", "굿", *place, *demands)
        assert refused.code == 4
        assert "it was trained at 2030-01-01" in refused.stderr

        assert run("artifacts", "use", folders[6].name, *place).code == 4
        publish(bucket, folders[6])

        def go_away(request: Relay) -> bool:
            request.cut()
            return True

        wait_until(lambda: answering(server) == names[6], 60)
        proxy.fault = go_away
        wait_until(lambda: server.logged("no answer from"), 60)
        assert answering(server) == names[6]
    # The bucket is away still: who has been here before goes on.
    with served(bucket.address, *map(str, demands)) as server:  # type: ignore[arg-type]
        assert answering(server) == names[6]
        assert "bucket_not_followed: " in server.log.read_text("utf-8")


def test_a_server_needs_the_bucket_the_first_time(
    bucket: Bucket, filled: Path, digests: list[str]
) -> None:
    publish(bucket, filled / "fast" / digests[0])
    put(bucket, b"x", "fast", digests[0], PARAMETERS)
    done = run("serve", "--artifacts", bucket.address, "--port", "1")
    assert done.code == 4
    assert "is refused" in done.stderr
