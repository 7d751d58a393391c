"""The API as an application of Ray Serve alone, deployed as deploy/ray/serve.yaml says."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from pipeline.artifacts.pointer import current_artifact
from pipeline.handlers.loading import load_current
from pipeline.server.replicas.composed import Arguments, build
from tests.support.loopback import free_port
from tests.support.paths import ROOT
from tests.support.waiting import wait_until

pytest.importorskip("ray.serve", reason="needs Ray: make test-ray")
yaml = pytest.importorskip("yaml")

KEY = "0123456789abcdef"
TEXTS = ["정말 재밌게 잘봤습니다!", "쓰레기 영화", " "]


@pytest.fixture
def url(cluster: Any, sample_root: Path, tmp_path: Path) -> Iterator[str]:
    """Of Ray's proxy on one of the nodes."""
    config = yaml.safe_load((ROOT / "deploy" / "ray" / "serve.yaml").read_text("utf-8"))
    port = config["http_options"]["port"] = free_port()
    config["proxy_location"] = "HeadOnly"  # both nodes have the same address here
    keys = tmp_path / "keys.txt"
    keys.touch(0o600)
    keys.write_text(KEY)
    (application,) = config["applications"]
    application["args"] |= {
        "artifacts": str(sample_root),
        "fast": current_artifact(sample_root, "fast").name,
        "api_key_file": str(keys),
    }
    (tmp_path / "serve.yaml").write_text(yaml.safe_dump(config))
    command = [Path(sys.executable).with_name("serve"), "run", "--address", cluster.address]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([*command, tmp_path / "serve.yaml"], stdout=log, stderr=log)
    found = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: process.poll() is not None or _is_ready(found), 120)
        assert process.poll() is None, (tmp_path / "log").read_text()
        yield found
    finally:
        process.terminate()
        process.wait(60)


def _is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=15).status_code == 200
    except requests.RequestException:
        return False


def test_it_answers_as_the_handler_does_and_wants_a_key(url: str, sample_root: Path) -> None:
    body = {"text": TEXTS, "do_fast": True}
    handler = load_current(sample_root, "fast")
    headers = {"Authorization": f"Bearer {KEY}"}
    answer = requests.post(f"{url}/predict", json=body, headers=headers, timeout=30)
    assert answer.headers.get("X-Model") == handler.name, answer.text
    due = {str(n): one._asdict() for n, one in enumerate(handler.handle(TEXTS))}
    assert answer.json() == due
    assert requests.post(f"{url}/predict", json=body, timeout=30).status_code == 401
    assert requests.get(f"{url}/metrics", headers=headers, timeout=30).status_code == 200


def test_it_is_not_open_by_oversight() -> None:
    with pytest.raises(ValueError, match="insecure=true"):
        build(Arguments(artifacts="s3://bucket/prefix", fast="0" * 64))
    with pytest.raises(ValueError, match="fast=DIGEST"):
        build(Arguments(artifacts="s3://bucket/prefix", insecure=True))
