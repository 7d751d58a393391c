"""What a server stands on gives way: its log, its shared memory, its descriptors."""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import requests

from tests.support.hostile_clients import (
    BODY,
    POST,
    connect,
    crowd,
    ends,
    replaces_a_worker,
    seconds_of_an_answer,
    unharmed,
    why_no_mounts,
)
from tests.support.http_requests import read_answer
from tests.support.paths import SENTIMENT
from tests.support.served import Served, served
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork"),
]


def in_shell(script: str) -> Sequence[str]:
    """A command that is `sentiment`, in what the shell makes of its surroundings."""
    return ("sh", "-c", f'{script} exec "$0" "$@"', SENTIMENT)


def lost_lines(server: Served) -> float:
    lines = requests.get(f"{server.url}/metrics", timeout=15).text.splitlines()
    name = "sentiment_log_lines_lost_total "
    return next(float(line.removeprefix(name)) for line in lines if line.startswith(name))


# The log


def test_it_serves_while_the_log_s_disk_is_full(sample_root: Path) -> None:
    with served(sample_root, "--workers", "2", command=in_shell("exec 2>/dev/full;")) as server:
        wait_until(lambda: len(server.workers()) == 2)
        with unharmed(server):
            wait_until(lambda: lost_lines(server) > 5)
        replaces_a_worker(server)
        ends(server, 10)


def test_it_logs_again_when_the_disk_has_room_again(sample_root: Path, tmp_path: Path) -> None:
    log, script = tmp_path / "log", "ulimit -f 8; trap '' XFSZ;"
    with served(
        sample_root, "--workers", "2", command=in_shell(f"{script} exec 2>>{log};")
    ) as server:
        wait_until(lambda: len(server.workers()) == 2)
        with unharmed(server):
            wait_until(lambda: seconds_of_an_answer(server) and lost_lines(server) > 5)
        full = log.stat().st_size
        os.truncate(log, 0)
        wait_until(lambda: seconds_of_an_answer(server) and log.stat().st_size > 0)
        assert full >= 4096
        ends(server, 10)


def test_nothing_takes_the_place_of_a_closed_log(sample_root: Path) -> None:
    with served(sample_root, command=in_shell("exec 0<&- 1>&- 2>&-;")) as server:
        for pid in (server.process.pid, *server.workers()):
            assert str(Path(f"/proc/{pid}/fd/2").readlink()) == os.devnull
        with unharmed(server):
            pass


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def test_it_serves_when_nobody_reads_the_log_any_more(sample_root: Path, pipe: Path) -> None:
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with served(sample_root, "--workers", "2", command=in_shell(f"exec 2>{pipe};")) as server:
        wait_until(lambda: len(server.workers()) == 2)
        os.close(reader)
        with unharmed(server):
            wait_until(lambda: lost_lines(server) > 5)
        replaces_a_worker(server)
        ends(server, 10)


def test_it_serves_when_the_log_is_not_read_and_full(sample_root: Path, pipe: Path) -> None:
    reader = os.open(pipe, os.O_RDWR)
    with served(sample_root, "--workers", "2", command=in_shell(f"exec 2>{pipe};")) as server:
        wait_until(lambda: len(server.workers()) == 2)
        fill(reader)
        with unharmed(server):
            for _ in range(50):
                assert seconds_of_an_answer(server) < 1.0
        replaces_a_worker(server)
        ends(server, 10)
    os.close(reader)


def fill(pipe: int) -> None:
    os.set_blocking(pipe, False)
    while True:
        try:
            os.write(pipe, b"x")
        except BlockingIOError:
            break
    os.set_blocking(pipe, True)


# Shared memory


@pytest.mark.parametrize("size", ["size=4k", "size=4k,nr_inodes=1"])
def test_it_serves_without_room_in_dev_shm(sample_root: Path, size: str) -> None:
    if reason := why_no_mounts():
        pytest.skip(reason)
    fill_it = "cat /dev/zero >/dev/shm/full 2>/dev/null;"
    script = f"mount -t tmpfs -o {size} tmpfs /dev/shm && {{ {fill_it} }};"
    command = ("unshare", "-m", *in_shell(script))
    with served(sample_root, "--workers", "2", command=command) as server:
        wait_until(lambda: len(server.workers()) == 2)
        with unharmed(server):
            assert lost_lines(server) == 0
        replaces_a_worker(server)
        ends(server, 10)


# Descriptors


def test_it_recovers_from_a_lack_of_descriptors(sample_root: Path) -> None:
    with (
        served(sample_root, command=in_shell("ulimit -Hn 64; ulimit -Sn 64;")) as server,
        connect(server.port) as old,
    ):
        old.sendall(POST % (len(BODY), BODY))
        assert read_answer(old)[0] == 200
        with crowd(server.port, 150):
            time.sleep(0.5)
            before = cpu_seconds(server)
            time.sleep(2.0)
            assert cpu_seconds(server) - before < 0.5
            old.sendall(POST % (len(BODY), BODY))
            assert read_answer(old)[0] == 200
        wait_until(lambda: _is_served(server), 5)
        with unharmed(server):
            pass
        ends(server, 15)


def _is_served(server: Served) -> bool:
    try:
        return seconds_of_an_answer(server) < 1.0
    except requests.ConnectionError:
        return False


def cpu_seconds(server: Served) -> float:
    """Of all workers."""
    total = 0
    for pid in server.workers():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")
