"""`sentiment artifacts` on a bucket: what is there, which is current, cleaning up."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.artifacts.bucket import changing
from pipeline.artifacts.bucket.client import Bucket
from pipeline.artifacts.bucket.pointing import find_pointer
from pipeline.artifacts.verification import MANIFEST, PARAMETERS
from pipeline.errors import ResourceUnavailable
from tests.artifacts.bucket.conftest import publish, put
from tests.support.paths import Invoke
from tests.support.s3_server import Proxy, Relay


@pytest.fixture
def eight(bucket: Bucket, filled: Path, digests: list[str]) -> list[str]:
    """The digests of eight artifacts in the bucket, from the oldest to the current one."""
    return [publish(bucket, filled / "fast" / digest) for digest in digests]


def stored(bucket: Bucket) -> set[str]:
    return {listed.parts[1] for listed in bucket.names("fast") if listed.parts[-1] == MANIFEST}


def test_list_show_use_and_prune(bucket: Bucket, eight: list[str], invoke: Invoke) -> None:
    place = ("--artifacts", bucket.address)
    listed = invoke("artifacts", "list", *place).stdout.splitlines()
    assert [line[2:19] for line in listed[1:]] == [f"fast@{digest[:12]}" for digest in eight]
    assert [line[0] for line in listed[1:]] == [" "] * 7 + ["*"]

    assert invoke("artifacts", "show", eight[2][:8], *place).stdout.startswith(
        f'{{"digest": "{eight[2]}"'
    )
    for expected in (eight[6], eight[7], eight[6]):
        used = invoke("artifacts", "use", "previous", *place)
        assert used.stdout == f"fast@{expected} is current\n"
    missing = invoke("artifacts", "use", "0" * 12, *place)
    assert missing.exit_code == 4
    assert f"No artifact {'0' * 12} in {bucket.address}." in missing.output

    assert invoke("artifacts", "use", eight[1], *place).exit_code == 0
    pruned = invoke("artifacts", "prune", *place)
    assert pruned.stdout.splitlines() == [f"removed fast@{eight[n]}" for n in (0, 2)]
    assert stored(bucket) == {eight[1], *eight[3:]}
    put(bucket, b"", "fast", "current.json")
    damaged = invoke("artifacts", "list", *place)
    assert f"Warning: {bucket.address}/fast/current.json is damaged" in damaged.output
    assert invoke("artifacts", "prune", *place).exit_code == 4
    assert stored(bucket) == {eight[1], *eight[3:]}


def test_prune_spares_what_becomes_current_meanwhile(
    bucket: Bucket, proxy: Proxy, eight: list[str]
) -> None:
    """The second to go is made current just before the first goes."""

    def roll_back(request: Relay) -> bool:
        if request.is_for("DELETE", MANIFEST):
            proxy.fault = lambda _: False
            changing.point(bucket, "fast", eight[1])
        return False

    proxy.fault = roll_back
    removed = [old.name for old in changing.prune(bucket.address)]
    assert removed == [eight[0], eight[2]]
    assert eight[1] in stored(bucket)


def test_what_was_pruned_meanwhile_is_told(
    bucket: Bucket, proxy: Proxy, filled: Path, digests: list[str]
) -> None:
    def prune_first(request: Relay) -> bool:
        if request.is_for("PUT", "current.json"):
            bucket.remove("fast", digests[0], MANIFEST)
        return False

    proxy.fault = prune_first
    with pytest.raises(ResourceUnavailable, match="removed by a `prune`"):
        publish(bucket, filled / "fast" / digests[0])


def test_prune_removes_what_was_abandoned(
    bucket: Bucket, eight: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(bucket, b"half", "fast", "0" * 64, PARAMETERS)
    put(bucket, b"of somebody else", "fast", "notes", "readme.txt")

    def names() -> set[str]:
        return {listed.parts[1] for listed in bucket.names("fast")}

    changing.prune(bucket.address)
    assert "0" * 64 in names()
    monkeypatch.setattr(changing, "ABANDONED", datetime.now(UTC) - datetime.now(UTC))
    changing.prune(bucket.address)
    assert "0" * 64 not in names()
    assert names() >= {"notes", *eight[3:]}
    assert find_pointer(bucket, "fast").digest == eight[7]  # type: ignore[union-attr]
