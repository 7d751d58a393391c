"""A clean root: this machine's file system in which all that is written is gone afterwards.

It is an overlay in memory, with processes and a network of its own. Nobody has installed anything
of ours there; wheels stand in for PyPI, stand-ins for what only a real machine has, and `learner`
is an ordinary user who may use sudo.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.paths import ROOT

WHEELS = ROOT / ".venv" / "wheels"
"""What `make test-deploy` gets from PyPI, our own wheel included."""
_NEEDED = ("unshare", "mount", "chroot", "ip", "sudo", "nginx")

needs_clean_root = [
    pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs to mount"),
    pytest.mark.skipif(not all(map(shutil.which, _NEEDED)), reason=f"needs {', '.join(_NEEDED)}"),
    pytest.mark.skipif(not WHEELS.is_dir(), reason="needs the wheels of `make test-deploy`"),
]

_ENTER = r"""
set -eu
given=$1
memory=$given/memory root=$given/memory/root
mkdir "$memory"
mount -t tmpfs tmpfs "$memory"
mkdir "$memory/upper" "$memory/work" "$root"
mount -t overlay -o "lowerdir=/,upperdir=$memory/upper,workdir=$memory/work" overlay "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
mkdir "$root/given" "$root/wheels"
mount --bind "$given" "$root/given"
mount --bind "$2" "$root/wheels"
ip link set lo up
exec chroot "$root" bash -eu /given/start
"""
_START = r"""
# The interpreter of these tests, for any user: folders on its way may be closed to others.
folder=$PYTHONS
while [ "$folder" != / ]; do chmod a+rx "$folder"; folder=$(dirname "$folder"); done
export HOME=/root PATH="/given/bin:$PYTHONS:/usr/sbin:/usr/bin:/sbin:/bin"
export PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels PIP_CONFIG_FILE=/dev/null PIP_NO_COMPILE=1
cat >/etc/sudoers <<SUDOERS
Defaults env_keep += "PIP_NO_INDEX PIP_FIND_LINKS PIP_CONFIG_FILE PIP_NO_COMPILE"
Defaults secure_path = "$PATH"
root ALL=(ALL:ALL) ALL
learner ALL=(ALL:ALL) NOPASSWD: ALL
SUDOERS
useradd --create-home learner
cd /
HOME=$(getent passwd "$AS" | cut -d: -f6)
exec setpriv --reuid "$AS" --regid "$AS" --init-groups bash -eu /given/script
"""


def run_in_clean_root(
    script: str,
    folder: Path,
    user: str = "learner",
    stand_ins: Mapping[str, str] = {},
    seconds: float = 300,
) -> subprocess.CompletedProcess[str]:
    """Run a bash script there as a user; `folder` is /given, `stand_ins` are scripts on the PATH.

    Whatever the script has left running ends with it.
    """
    (folder / "bin").mkdir()
    for name, text in stand_ins.items():
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    (folder / "start").write_text(_START)
    (folder / "script").write_text(script)
    folder.chmod(0o755)
    pythons = str(Path(sys.base_prefix, "bin"))
    own = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"]
    return subprocess.run(
        [*own, "bash", "-c", _ENTER, "enter", folder, WHEELS],
        env={"PATH": os.environ["PATH"], "PYTHONS": pythons, "AS": user, "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
    )


def copy_of_the_code(folder: Path) -> Path:
    """A git repository of what is here, committed or not."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in filter(lambda name: (ROOT / name).is_file(), listed):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    author = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    for command in (["init", "-q"], ["add", "-A"], [*author, "commit", "-qm", "As it is"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder
