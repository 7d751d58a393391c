"""What a bucket and the way to it can do wrong: nothing wrong gets through, and it is said."""

import json
import os
import threading
from pathlib import Path

import pytest

from pipeline.artifacts.bucket import downloading
from pipeline.artifacts.bucket.choosing import local_store
from pipeline.artifacts.bucket.client import Bucket
from pipeline.artifacts.bucket.mirror import Mirror
from pipeline.artifacts.bucket.pointing import find_pointer, point
from pipeline.artifacts.pointer import CURRENT, current_artifact, read_current
from pipeline.artifacts.verification import MANIFEST, PARAMETERS
from pipeline.errors import ArtifactRefused, ModelMissing, ResourceUnavailable
from pipeline.handlers.loading import load_current
from tests.artifacts.bucket.conftest import get, publish, put
from tests.support.command import Done, run
from tests.support.s3_server import Proxy, Relay


@pytest.fixture
def stored(bucket: Bucket, sample_root: Path) -> str:
    """The digest of the artifact that is current in the bucket."""
    return publish(bucket, current_artifact(sample_root, "fast"))


def predict(bucket: Bucket, *options: object) -> Done:
    return run("predict", "--fast", "--text", "굿", "--artifacts", bucket.address, *options)


def cached(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "cache").glob("sentiment/artifacts/*/*/*/*"))


def test_a_connection_cut_in_the_middle_is_continued(
    bucket: Bucket, proxy: Proxy, stored: str
) -> None:
    size = len(get(bucket, "fast", stored, PARAMETERS))
    cuts = iter([size // 3, size // 3])

    def cut_twice(request: Relay) -> bool:
        most = next(cuts, None) if request.is_for("GET", PARAMETERS) else None
        if most is not None:
            request.pass_on(most)
        return most is not None

    proxy.fault, proxy.seen = cut_twice, []
    assert predict(bucket).code == 0
    assert proxy.count("GET", PARAMETERS) == 3
    assert proxy.count("GET", PARAMETERS, f"bytes={size // 3}-") == 1


@pytest.mark.usefixtures("stored")
def test_a_connection_that_is_always_cut_ends_it(
    bucket: Bucket, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloading, "FIRST_PAUSE", 0.001)

    def always_cut(request: Relay) -> bool:
        is_it = request.is_for("GET", PARAMETERS)
        if is_it:
            request.pass_on(100)
        return is_it

    proxy.fault, proxy.seen = always_cut, []
    with pytest.raises(ResourceUnavailable, match="was cut 5 times"):
        local_store(bucket.address, ["fast"])
    assert proxy.count("GET", PARAMETERS) == downloading.ATTEMPTS
    assert not cached(tmp_path)


def test_a_changed_byte_is_refused(bucket: Bucket, stored: str, tmp_path: Path) -> None:
    content = bytearray(get(bucket, "fast", stored, PARAMETERS))
    content[len(content) // 2] ^= 1
    put(bucket, bytes(content), "fast", stored, PARAMETERS)
    done = predict(bucket)
    assert done.code == 4
    assert f"{bucket.address}/fast/{stored} is refused: {PARAMETERS} is not the" in done.stderr
    assert not done.stdout
    assert not cached(tmp_path)


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (MANIFEST, lambda content: content[:-2] + b" }\n", "its digest is"),
        (MANIFEST, lambda _: b"", "its digest is"),
        (PARAMETERS, lambda content: content + b"\0", "more than"),
        (PARAMETERS, lambda content: content[:-1], "not the file that was sealed"),
        ("manifest.sig", lambda _: b"\0" * 65, "more than"),
    ],
)
def test_other_changes_are_refused(
    bucket: Bucket, stored: str, tmp_path: Path, name: str, change: object, said: str
) -> None:
    before = b"" if name == "manifest.sig" else get(bucket, "fast", stored, name)
    put(bucket, change(before), "fast", stored, name)  # type: ignore[operator]
    with pytest.raises(ArtifactRefused, match=f"is refused: .*{said}"):
        local_store(bucket.address, ["fast"])
    assert not cached(tmp_path)


def test_missing_files_and_manifests_are_told(bucket: Bucket, stored: str) -> None:
    bucket.remove("fast", stored, PARAMETERS)
    with pytest.raises(ArtifactRefused, match=f"{PARAMETERS} is missing"):
        local_store(bucket.address, ["fast"])
    bucket.remove("fast", stored, MANIFEST)
    with pytest.raises(ModelMissing, match="artifacts list --artifacts s3://"):
        local_store(bucket.address, ["fast"])


@pytest.mark.parametrize("content", [b"", b"{}", b'{"digest": "../../x"}', b" " * 5000])
def test_a_damaged_pointer_is_refused(bucket: Bucket, stored: str, content: bytes) -> None:
    put(bucket, content, "fast", CURRENT)
    with pytest.raises(ArtifactRefused, match=r"current.json is damaged .* artifacts use DIGEST"):
        local_store(bucket.address, ["fast"])
    point(bucket, "fast", stored)
    assert read_current(local_store(bucket.address, ["fast"]) / "fast")["digest"] == stored


def test_what_was_damaged_in_the_cache_is_fetched_again(bucket: Bucket, stored: str) -> None:
    root = local_store(bucket.address, ["fast"])
    parameters = root / "fast" / stored / PARAMETERS
    parameters.write_bytes(b"damaged")
    load_current(local_store(bucket.address, ["fast"]), "fast")


def test_what_is_in_the_cache_is_not_fetched_again(
    bucket: Bucket, proxy: Proxy, stored: str
) -> None:
    mirror = Mirror(bucket.address)
    mirror.update(["fast"])
    proxy.seen = []
    mirror.update(["fast"])
    local_store(bucket.address, ["fast"])
    assert proxy.count("GET", stored) == 0
    assert proxy.count("GET") == 2


@pytest.mark.usefixtures("stored")
def test_a_cache_that_others_can_write_to_is_refused(bucket: Bucket) -> None:
    root = local_store(bucket.address, ["fast"])
    assert root.stat().st_mode & 0o777 == 0o700
    root.chmod(0o770)
    done = predict(bucket)
    assert done.code == 5
    assert "nobody else can write to" in done.stderr


def test_stores_that_nobody_has_used_for_long_leave_the_cache(bucket: Bucket, stored: str) -> None:
    root = local_store(bucket.address, ["fast"])
    old = root.with_name("other-0123")
    (old / "fast" / stored).mkdir(parents=True)
    for folder, is_kept in ((root, True), (old, True), (old, False)):
        assert folder.exists()
        if folder == old and not is_kept:
            os.utime(old, (0, 0))
        local_store(bucket.address, ["fast"])
    assert not old.exists()
    assert root.exists()


def test_an_empty_bucket_has_the_built_in_model(bucket: Bucket) -> None:
    done = predict(bucket)
    assert done.code == 0
    assert "built-in model" in done.stderr
    for command in (("predict", "--fast", "--text", "굿"), ("serve", "--port", "1")):
        place = ("--artifacts", bucket.address, "--expect-digest", "0" * 64)
        pinned = run(*command, *place)
        assert pinned.code == 4
        assert f" in {bucket.address}/" in pinned.stderr


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (403, "AccessDenied", "access is denied. Reading needs s3:GetObject"),
        (403, "InvalidAccessKeyId", "the credentials are refused"),
        (400, "ExpiredToken", "the credentials are refused"),
        (400, "AuthorizationHeaderMalformed", "in another region"),
        (400, "IllegalLocationConstraintException", "in another region"),
        (400, "Nonsense", "the store answers 'Nonsense'"),
    ],
)
def test_refusals_of_the_store_say_what_to_do(
    bucket: Bucket, proxy: Proxy, status: int, code: str, said: str
) -> None:
    def refuse(request: Relay) -> bool:
        request.refuse(status, code)
        return True

    proxy.fault = refuse
    with pytest.raises(ResourceUnavailable, match=said):
        local_store(bucket.address, ["fast"])


def test_access_denied_to_what_is_not_there_is_no_fault(bucket: Bucket, proxy: Proxy) -> None:
    """S3 answers so to those who may only list the store's prefix."""

    def refuse_gets(request: Relay) -> bool:
        is_get = request.is_for("GET", CURRENT)
        if is_get:
            request.refuse(403, "AccessDenied")
        return is_get

    proxy.fault = refuse_gets
    assert find_pointer(bucket, "fast") is None


@pytest.mark.parametrize(
    ("address", "changes", "said"),
    [
        ("s3://models-none/nsmc", {}, "no such bucket"),
        ("s3://models-0/nsmc", {"AWS_ACCESS_KEY_ID": ""}, "no credentials"),
        ("s3://models-0/nsmc", {"AWS_ENDPOINT_URL": "nonsense"}, "AWS_ENDPOINT_URL"),
        ("s3://models-0/nsmc", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "no answer from http"),
        ("s3://models-0/nsmc", {"AWS_PROFILE": "none"}, "none"),
    ],
)
def test_what_is_not_set_up_right_is_told_in_a_line(
    proxy: Proxy, address: str, changes: dict[str, str], said: str
) -> None:
    proxy.seen = []
    settings = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    done = run(
        "predict", "--fast", "--text", "굿", "--artifacts", address, env={**settings, **changes}
    )
    assert done.code == 5
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_of_two_publishers_the_second_is_told(
    bucket: Bucket, proxy: Proxy, sample_root: Path, stored: str
) -> None:
    arrived, other_is_done = threading.Event(), threading.Event()

    def hold_first_pointer(request: Relay) -> bool:
        if request.is_for("PUT", CURRENT) and not arrived.is_set():
            arrived.set()
            assert other_is_done.wait(60)
        return False

    proxy.fault = hold_first_pointer
    command = ("serialize", "--artifacts", sample_root, "--to", bucket.address, "--unsure-below")
    done: list[Done] = []
    first = threading.Thread(target=lambda: done.append(run(*command, "0.7")))
    first.start()
    assert arrived.wait(60)
    second = run(*command, "0.8")
    other_is_done.set()
    first.join()
    assert second.code == 0
    current = find_pointer(bucket, "fast")
    assert current is not None
    assert current.digest == second.stdout.decode().strip()
    assert current.record["previous"] == stored
    (lost,) = done
    assert lost.code == 5
    assert not lost.stdout
    assert f"made fast@{current.digest} current" in lost.stderr
    told = lost.stderr[lost.stderr.index("artifacts use") :].split()
    assert run(*told).code == 0
    assert find_pointer(bucket, "fast").digest == told[2]  # type: ignore[union-attr]


def test_an_answer_to_the_pointer_that_got_lost_is_no_race(
    bucket: Bucket, proxy: Proxy, filled: Path, digests: list[str]
) -> None:
    lost = []

    def lose_answer(request: Relay) -> bool:
        if request.is_for("PUT", CURRENT) and not lost:
            lost.append(request)
            request.pass_on(0)
            return True
        return False

    proxy.fault = lose_answer
    publish(bucket, filled / "fast" / digests[0])
    assert proxy.count("PUT", CURRENT) >= 1
    assert json.loads(get(bucket, "fast", CURRENT))["digest"] == digests[0]


def test_an_upload_that_does_not_end_changes_nothing(
    bucket: Bucket, proxy: Proxy, sample_root: Path, stored: str
) -> None:
    def cut_uploads(request: Relay) -> bool:
        is_it = request.is_for("PUT", PARAMETERS)
        if is_it:
            request.cut()
        return is_it

    before, proxy.fault = get(bucket, "fast", CURRENT), cut_uploads
    options = ("--artifacts", sample_root, "--to", bucket.address, "--unsure-below", "0.6")
    done = run("serialize", *options)
    assert done.code == 5
    assert "no answer from" in done.stderr
    assert get(bucket, "fast", CURRENT) == before
    names = [listed.parts for listed in bucket.names()]
    assert [parts[1] for parts in names if parts[-1] == MANIFEST] == [stored]


def test_what_is_no_longer_current_in_the_bucket_is_not_used(bucket: Bucket, stored: str) -> None:
    mirror = Mirror(bucket.address)
    mirror.update(["fast"])
    assert read_current(mirror.root / "fast")["digest"] == stored
    bucket.remove("fast", CURRENT)
    mirror.update(["fast"])
    assert read_current(mirror.root / "fast") == {}


def test_only_a_slot_that_was_looked_at_before_is_kept(bucket: Bucket, stored: str) -> None:
    mirror = Mirror(bucket.address)
    mirror.update(["fast"])
    for slot in ("fast", "deep"):
        put(bucket, b"{}", slot, CURRENT)
    mirror.update_or_keep(["fast"])
    assert read_current(mirror.root / "fast")["digest"] == stored
    with pytest.raises(ArtifactRefused):
        mirror.update_or_keep(["deep"])
