"""Which addresses name a store in a bucket; these tests need no server."""

import sys
from pathlib import Path

import pytest

from pipeline.artifacts.bucket.address import BucketAddress
from pipeline.errors import InvalidInput
from tests.support.command import run
from tests.support.paths import Invoke


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("s3://models", "fast/current.json"),
        ("s3://models/", "fast/current.json"),
        ("s3://models/nsmc", "nsmc/fast/current.json"),
        ("s3://my.models-1/a/b_2/", "a/b_2/fast/current.json"),
    ],
)
def test_keys_lie_under_the_prefix(text: str, key: str) -> None:
    address = BucketAddress.parse(text)
    assert address.key("fast", "current.json") == key
    assert str(address) == text.rstrip("/")


@pytest.mark.parametrize(
    "text",
    [
        "s3://",
        "s3:///nsmc",
        "s3://Models/nsmc",
        "s3://models/../other",
        "s3://models//nsmc",
        "s3://key:secret@models/nsmc",
        "s3://models/nsmc?versionId=1",
        "s3://models/a b",
        "https://models/nsmc",
        "s3://models" + "/a" * 300,
    ],
)
def test_other_addresses_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="no address like s3://bucket/prefix"):
        BucketAddress.parse(text)


@pytest.mark.parametrize("address", ["s3://Models", "gs://models/nsmc", "https://example.com"])
def test_the_command_line_refuses_them_and_makes_no_folder(address: str, tmp_path: Path) -> None:
    done = run("predict", "--fast", "--text", "굿", env={"SENTIMENT_PREDICT_ARTIFACTS": address})
    assert done.code == 2
    assert "address" in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_extra_is_named_where_it_is_missing(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    result = invoke("predict", "--text", "굿", "--artifacts", "s3://models/nsmc")
    assert result.exit_code == 5
    assert "pip install 'sentiment-toolkit[aws]'" in result.output
