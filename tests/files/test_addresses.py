"""Inputs by http:// from servers that answer as none should, and by what is no address."""

import pytest

from pipeline.errors import InvalidInput, ResourceUnavailable
from pipeline.files.sources import find_sources
from tests.support.hostile_servers import hostile_server

pytest.importorskip("aiohttp", reason="needs the extra [aws]: fsspec reads http by aiohttp")
pytest.importorskip("fsspec", reason="needs the extra [aws]")


def read(url: str) -> bytes:
    [source] = find_sources([url])
    with source.open() as opened:
        return opened.stream.read()


@pytest.mark.parametrize("mode", ["nothing", "SSH", "half a chunk", "error", "too short"])
def test_what_does_not_come_whole_is_told(mode: str) -> None:
    with (
        hostile_server(f"readyz: {mode}", "fast@0123456789ab") as url,
        pytest.raises((ResourceUnavailable, FileNotFoundError), match=r"x\.csv"),
    ):
        read(f"{url}/x.csv")


@pytest.mark.parametrize("url", ["http://[::1/x.csv", "http://a..b/x.csv", "http://h:x/x.csv"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="no address"):
        find_sources([url])
