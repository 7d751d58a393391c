"""`sentiment serve`."""

import ipaddress
import os
import sys
from pathlib import Path
from typing import Any

import click

from cli.options import LocalFolder, artifacts_option, refuse, trust_options


@click.command("serve")
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=5000, help="Port to listen on.")
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=1,
    help="Worker processes that answer requests.",
)
@click.option(
    "--threads",
    type=click.IntRange(8, 256),
    default=32,
    help="Threads of a worker, for requests that have to wait.",
)
@click.option(
    "--in-flight",
    "most_in_flight",
    type=click.IntRange(1, 4096),
    default=64,
    help="Requests that a worker holds at once; further ones are answered with 503.",
)
@click.option(
    "--only",
    type=click.Choice(["fast", "deep"]),
    help="Serve this model alone; left out: every model that has a current artifact.",
)
@click.option(
    "--api-key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File of API keys, one per line; clients must send one of them.",
)
@click.option("--insecure", is_flag=True, help="Allow other machines to ask without an API key.")
@click.option(
    "--rate",
    type=click.FloatRange(0),
    default=0.0,
    help="Requests per second that a client may send; 0: no limit.",
)
@click.option(
    "--proxies",
    type=click.IntRange(0, 8),
    default=0,
    help="Number of reverse proxies in front whose X-Forwarded-For is trusted.",
)
@click.option(
    "--drain",
    type=click.FloatRange(0, 300),
    default=0.0,
    help="Seconds to keep serving after SIGTERM, with /readyz at 503.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(1, 256),
    default=32,
    help="Deep: largest number of texts in a batch.",
)
@click.option(
    "--batch-wait",
    type=click.FloatRange(0, 1),
    default=0.002,
    help="Deep: seconds that a text waits for others to share a batch with.",
)
@click.option(
    "--request-log/--no-request-log",
    "log_requests",
    default=True,
    help="Log one line per request.",
)
@click.option(
    "--capture",
    metavar="DIR",
    type=LocalFolder(),
    help="Keep a random sample of the texts and answers in this folder; left out: none is kept.",
)
@click.option(
    "--capture-share",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.01,
    help="Probability with which a text is kept.",
)
@click.option(
    "--capture-megabytes",
    type=click.IntRange(1, 1_000_000),
    default=64,
    help="Size of all files in that folder; beyond it, the oldest are removed.",
)
@trust_options
@artifacts_option
def command(
    only: str | None,
    api_key_file: Path | None,
    insecure: bool,
    expect_digest: str | None,
    require_signature: Path | None,
    artifacts: Path,
    **settings: Any,
) -> None:
    """Serve the current models over HTTP until SIGTERM or Ctrl-C.

    If `sentiment artifacts use` or `sentiment serialize` makes another model current while the
    server runs, that model takes over within seconds, once it is verified. Logs are lines of JSON
    on stderr; they never hold a text. Only --capture keeps texts, which may be personal data.

    \b
    Examples:
      sentiment serve
      curl -d '{"text": "정말 재밌게 잘봤습니다!", "do_fast": true}' http://127.0.0.1:5000/predict
      sentiment serve --port 8080 --workers 2
      (umask 077; openssl rand -hex 32 > keys.txt)
      sentiment serve --host 0.0.0.0 --api-key-file keys.txt --rate 50
      sentiment serve --capture captured --capture-share 0.05
    """
    if only == "fast":
        refuse(["batch_size", "batch_wait"], "with --only fast: they are for the deep model")
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
    limit_threads()
    from pipeline.artifacts.verification import Trust
    from pipeline.server.api_keys import read_keys
    from pipeline.server.current_models import StoredModels
    from pipeline.server.running import serve
    from pipeline.server.settings import ServerSettings

    host, port = settings["host"], settings["port"]
    keys = read_keys(api_key_file) if api_key_file else ()
    if not (keys or insecure or _is_loopback(host)):
        raise click.UsageError(
            f"{host} can be reached from other machines: give --api-key-file, or --insecure if "
            "anybody there may ask."
        )
    trust = Trust(expect_digest, require_signature)
    models = StoredModels(artifacts, trust, None if only is None else [only])
    address = f"[{host}]" if ":" in host else host
    click.echo(f"Serving on http://{address}:{port} (API: /docs)", err=True)
    serve(models, ServerSettings(keys=keys, **settings))


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
