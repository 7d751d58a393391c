"""The whole configuration of nginx on a box, and setup.sh, as their programs read them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.paths import ROOT

CONFIGURATION = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")


@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")
def test_nginx_takes_it(tmp_path: Path) -> None:
    here = CONFIGURATION.replace("user nginx;", "").replace("/run/nginx.pid", f"{tmp_path}/pid")
    here = here.replace("/etc/nginx/sentiment.d", str(tmp_path)).replace("listen 80", "listen 8099")
    here = here.replace("/var/log/nginx/error.log", f"{tmp_path}/errors")
    real_ip = "set_real_ip_from 0.0.0.0/0;\nreal_ip_header X-Forwarded-For;\n"
    (tmp_path / "balancer.conf").write_text(real_ip)  # as setup.sh writes it behind a balancer
    (tmp_path / "nginx").write_text(here)
    command = ["nginx", "-t", "-p", tmp_path, "-c", tmp_path / "nginx", "-e", tmp_path / "errors"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr.replace('the "user" directive', "")


@pytest.mark.parametrize(
    "limit",
    ["client_max_body_size", "client_body_timeout", "client_header_timeout", "limit_conn clients"],
)
def test_it_limits_what_a_client_may(limit: str) -> None:
    assert re.search(rf"^    {limit} \S+;", CONFIGURATION, re.MULTILINE)


def test_bash_understands_setup() -> None:
    subprocess.run(["bash", "-n", ROOT / "deploy" / "setup.sh"], check=True)
