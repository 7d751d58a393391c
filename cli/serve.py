"""`sentiment serve`."""

import ipaddress
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from cli.loading import say_builtin
from cli.options import device_option, refuse, trust_options
from cli.ray_options import replica_options
from cli.serve_options import access, capturing, limits, listening
from cli.serve_presets import RAY, SAGEMAKER, with_preset
from cli.store_options import store_option


@click.command("serve")
@listening
@click.option(
    "--only",
    type=click.Choice(["fast", "deep"]),
    help="Serve this model alone; left out: every model that has a current artifact.",
)
@device_option
@replica_options
@access
@limits
@capturing
@click.option(
    "--request-log/--no-request-log",
    "log_requests",
    default=True,
    help="Log one line per request.",
)
@click.option(
    "--log-format",
    type=click.Choice(["auto", "text", "json"]),
    default="auto",
    help="Lines for people or for programs; auto: text on a terminal, else JSON.",
)
@trust_options
@store_option
def command(
    only: str | None,
    engine: str,
    ray_address: str | None,
    replicas: tuple[int, int],
    log_format: str,
    api_key_file: Path | None,
    insecure: bool,
    expect_digest: str | None,
    require_signature: Path | None,
    not_before: datetime | None,
    **settings: Any,
) -> None:
    """Serve the current models over HTTP until SIGTERM or Ctrl-C.

    The built-in model answers for the fast one until there is an artifact of it.
    If `sentiment artifacts use` or `sentiment serialize` makes another model current while the
    server runs, that model takes over within seconds, once it is verified; so it is with the
    artifacts of a bucket, --artifacts s3://bucket/prefix. Logs go to stderr;
    they never hold a text. Only --capture keeps texts, which may be personal data.
    With --engine ray the same models answer as replicas on a Ray cluster (extra [distributed]),
    behind the same API.

    \b
    Examples:
      sentiment serve
      curl -d '{"text": "정말 재밌게 잘봤습니다!", "do_fast": true}' http://127.0.0.1:5000/predict
      sentiment serve --port 8080 --workers 2
      (umask 077; openssl rand -hex 32 > keys.txt)
      sentiment serve --host 0.0.0.0 --api-key-file keys.txt --rate 50
      sentiment serve --capture captured --capture-share 0.05
      sentiment serve --engine ray --ray-address auto --replicas 1-8
    """
    sagemaker = settings["sagemaker"]
    if sagemaker:
        refuse(["insecure"], "with --sagemaker, where the platform decides who may ask")
        settings = with_preset(settings, SAGEMAKER)
    if engine == "ray":
        refuse(["workers"], "with --engine ray, where one process asks all replicas")
        settings = with_preset(settings, RAY)
    else:
        refuse(["ray_address", "replicas"], "without --engine ray")
    if only == "fast":
        for_deep = ["device"] if engine == "ray" else ["batch_size", "batch_wait", "device"]
        refuse(for_deep, "with --only fast: they are for the deep model")
    if api_key_file:
        refuse(["insecure"], "with --api-key-file")
    if settings["batch_size"] == 1:
        refuse(["batch_wait"], "with --batch-size 1: a batch of one text waits for no others")
    if settings["capture"] is None:
        refuse(["capture_share", "capture_megabytes"], "without --capture")
    if _is_loopback(settings["host"]):
        refuse(["insecure"], f"with --host {settings['host']}, which no other machine can reach")
    if sys.platform == "win32":
        refuse(["workers", "most_in_flight", "drain"], "on Windows, where one process serves")
    from pipeline.models.hardware import Hardware, share_of_cores

    hardware = Hardware(share_of_cores(settings["workers"]), settings.pop("device"))
    limit_threads()
    from pipeline.artifacts.verification import Trust
    from pipeline.server.api_keys import read_keys
    from pipeline.server.current_models import StoredModels
    from pipeline.server.following import followed_models
    from pipeline.server.running import serve
    from pipeline.server.settings import ServerSettings

    host, port = settings["host"], settings["port"]
    keys = read_keys(api_key_file) if api_key_file else ()
    if not (keys or insecure or sagemaker or _is_loopback(host)):
        raise click.UsageError(
            f"{host} can be reached from other machines: give --api-key-file, or --insecure if "
            "anybody there may ask."
        )
    trust = Trust(expect_digest, require_signature, not_before)
    slots = None if only is None else [only]
    kind: Callable[..., StoredModels] = StoredModels
    if engine == "ray":
        from pipeline.server.replicas.models import replicated
        from pipeline.server.replicas.settings import ClusterSettings

        cluster = ClusterSettings(ray_address, *replicas)
        kind = replicated(cluster, port)
        settings |= cluster.batching()
    models = followed_models(settings.pop("artifacts"), trust, slots, hardware, kind)
    address = f"[{host}]" if ":" in host else host

    def tell() -> None:
        with suppress(OSError):  # a full disk behind stderr keeps nobody from serving
            if models.uses_builtin:
                say_builtin()
            click.echo(f"Serving on http://{address}:{port} (API: /docs)", err=True)

    readable = log_format == "text" or (log_format == "auto" and _is_terminal())
    serve(models, ServerSettings(keys=keys, readable_log=readable, **settings), tell)


def _is_terminal() -> bool:
    """Whether the log is read by somebody as it is written."""
    return sys.stderr is not None and sys.stderr.isatty()


def limit_threads() -> None:
    """Let numeric libraries use one thread in each worker; more would compete with other workers.

    The libraries read these variables once, when they are imported.
    """
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
