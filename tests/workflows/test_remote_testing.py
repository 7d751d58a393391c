"""`sentiment verify --report FILE URL`: what is tried of a server that is deployed."""

import json
from pathlib import Path

from tests.support.command import run
from tests.support.served import served


def test_a_good_server_is_good(sample_root: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys.txt"
    keys.write_text("k" * 32)
    keys.chmod(0o600)
    report = tmp_path / "figures.json"
    ask = ("verify", "--artifacts", sample_root, "--api-key-file", keys, "--report", report)
    with served(sample_root, "--api-key-file", str(keys)) as server:
        done = run(*ask, server.url)
    assert done.code == 0, done.stderr
    record = json.loads(report.read_text("utf-8"))
    assert record["good"]
    assert {check["problem"] for check in record["contract"]} == {None}
    assert "without the API key" in record["contract"][-1]["name"]
    assert record["load"]["answered"] > 0


def test_a_broken_promise_is_told(sample_root: Path, tmp_path: Path) -> None:
    """Another limit than the contract's, as a proxy in front may have one."""
    report = tmp_path / "page.md"
    with served(sample_root, "--max-texts", "3") as server:
        done = run("verify", "--artifacts", sample_root, "--report", report, server.url)
    assert done.code == 5
    assert "several texts" in done.stderr
    assert report.read_text("utf-8").startswith(f"# {server.url}: NOT GOOD\n")
