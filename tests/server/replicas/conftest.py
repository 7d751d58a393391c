"""A Ray cluster of two nodes on this machine, listening on the loopback alone."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.served import Served

# Read when Ray is imported: else it would look for 127.0.0.1 by the machine's other address.
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

NODE = {"num_cpus": 3, "object_store_memory": 200 * 2**20, "node_ip_address": "127.0.0.1"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """The cluster; servers connect to its first node, so tests may remove the other one."""
    pytest.importorskip("ray.serve", reason="needs Ray: make test-ray")
    from ray.cluster_utils import Cluster

    head = {**NODE, "include_dashboard": False}
    started: Any = Cluster(initialize_head=True, head_node_args=head)  # type: ignore[no-untyped-call]
    started.add_node(**NODE)
    try:
        yield started
    finally:
        started.shutdown()


def replicas(server: Served) -> dict[int, str]:
    """Command lines of the replicas that this server has, by process id."""
    found = {}
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                line = (process / "cmdline").read_bytes().rstrip(b"\0").decode()
            except OSError:
                continue
            if re.match(rf"ray::ServeReplica:sentiment-.*-{server.port}-", line):
                found[int(process.name)] = line
    return found


def kill(pid: int) -> None:
    """As the kernel does where memory runs out."""
    os.kill(pid, 9)
