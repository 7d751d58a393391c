"""Nothing in deploy/ holds a secret, or opens a port to the world by default."""

import re
from pathlib import Path

import pytest

from tests.support.paths import ROOT

FILES = [path for path in (ROOT / "deploy").rglob("*") if path.is_file() and path.suffix != ".pyc"]
SECRETS = re.compile(
    r"AKIA[0-9A-Z]{16}|BEGIN [A-Z ]*PRIVATE KEY|gh[pousr]_\w{36}|hf_\w{30}"
    r"|(?i:password|secret|token|api_?key)[\"']?\s*[:=]\s*[\"']?[^\s\"'{$]{6,}"
)
WORLD = re.compile(r"0\.0\.0\.0/0|::/0|NodePort|type: LoadBalancer|hostPort|hostNetwork|:22\b")
REASONS = {"FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0": "out", "set_real_ip_from": "behind it"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_secret_and_no_open_door(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not SECRETS.search(text)
    for line in filter(WORLD.search, text.splitlines()):
        assert any(known in line for known in REASONS), line


@pytest.mark.parametrize("text", ["Default: 0.0.0.0/0", "cidr = ::/0", "type: LoadBalancer"])
def test_an_open_door_is_found(text: str) -> None:
    assert WORLD.search(text)
    assert not any(known in text for known in REASONS)


@pytest.mark.parametrize("text", ["AWS_SECRET: abcdefgh", "password=hunter22", "AKIA" + "A" * 16])
def test_a_secret_is_found(text: str) -> None:
    assert SECRETS.search(text)
