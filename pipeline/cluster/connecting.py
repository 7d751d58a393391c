"""Connecting to a Ray cluster, or running one of this machine's."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pipeline.errors import ResourceUnavailable

LEAST_STORE = 100 * 2**20
"""Bytes of Ray's shared memory, beside those for artifacts; what does not fit goes to the disk."""

SECONDS_TO_CONNECT = 10.0


@contextmanager
def connected(
    address: str | None, cores: int | None = None, artifact_size: int = 0
) -> Iterator[Any]:
    """Connect to a cluster, or run one of this machine's, on the loopback interface alone.

    Gives the module `ray`. Raises ResourceUnavailable if Ray is not installed, or no cluster
    answers.
    """
    ray = _import_ray(address)
    _knock(address or "")
    local: dict[str, Any] = {}
    if address is None:
        store = LEAST_STORE + 2 * artifact_size
        local = {"num_cpus": cores, "include_dashboard": False, "object_store_memory": store}
    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        ray.init(address or "local", log_to_driver=False, logging_level=logging.ERROR, **local)
    except (OSError, ValueError, RuntimeError) as error:
        raise _no_cluster(address, error) from None
    try:
        yield ray
    finally:
        ray.shutdown()


def _import_ray(address: str | None) -> Any:
    """The module `ray`, for a cluster at this address; ResourceUnavailable if it is missing."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if address is None:  # read when Ray is imported: it is to open no port to other machines
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    try:
        import ray
    except ImportError:
        raise ResourceUnavailable(
            "--engine ray needs Ray. Install the extra: "
            "pip install 'sentiment-toolkit[distributed]'."
        ) from None
    return ray


def check_address(address: str | None) -> None:
    """See that Ray is installed and something listens; Ray itself would try for minutes.

    Raises ResourceUnavailable.
    """
    _import_ray(address)
    _knock(address or "")


def _knock(address: str) -> None:
    """Raise ResourceUnavailable where nothing listens at HOST:PORT."""
    host, separator, port = address.rpartition("://")[2].rpartition(":")
    if not (separator and port.isdigit()):
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), SECONDS_TO_CONNECT).close()
    except (OSError, OverflowError) as error:
        raise _no_cluster(address, error) from None


def _no_cluster(address: str | None, error: Exception) -> ResourceUnavailable:
    return ResourceUnavailable(
        f"No Ray cluster at {address or 'this machine'} ({error}). Check --ray-address, and "
        "that the cluster is up (`ray status`)."
    )
