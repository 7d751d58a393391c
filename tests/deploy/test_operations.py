"""docs/operations.md, "One machine", typed by an ordinary user on a machine without anything."""

import re
from pathlib import Path

from tests.deploy.clean_root import copy_of_the_code, needs_clean_root, run_in_clean_root
from tests.support.paths import ROOT

pytestmark = needs_clean_root

SYSTEMCTL = """#!/bin/bash
# Starts what the installed unit says, as its user, in its folder.
unit=/etc/systemd/system/sentiment.service
value() { sed -n "s/^$1=//p" "$unit"; }
case "$*" in
"enable --now sentiment"|"restart sentiment nginx")
    pkill --euid sentiment || true
    install -d -o "$(value User)" "$(value WorkingDirectory)" /var/cache/sentiment
    cd "$(value WorkingDirectory)"
    set -a; eval "$(value Environment)"
    [ ! -e /etc/sentiment/environment ] || . /etc/sentiment/environment
    setsid setpriv --reuid "$(value User)" --regid "$(value User)" --init-groups \\
        $(value ExecStart) >/tmp/log 2>&1 &
    case "$*" in *nginx) nginx ;; esac ;;
"daemon-reload"|"enable --quiet sentiment nginx") ;;
*) echo "systemctl $*: not expected" >&2; exit 1 ;;
esac
"""


def blocks(title: str) -> list[str]:
    """The shell blocks below a title of the page."""
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## )", page, re.DOTALL | re.MULTILINE)
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


def test_the_page_runs_as_written(tmp_path: Path) -> None:
    copy_of_the_code(tmp_path / "code")
    session = "sleep 3\n".join(blocks("One machine"))
    assert session.count("https://…") == 1
    script = "git config --global safe.directory '*'\nsudo git config --system safe.directory '*'\n"
    script += "set -x\n" + session.replace("https://…", "/given/code")
    done = run_in_clean_root(script, tmp_path, stand_ins={"systemctl": SYSTEMCTL})
    assert done.returncode == 0, done.stdout
    assert "good" in done.stdout.splitlines()[-1], done.stdout
