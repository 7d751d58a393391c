"""`sentiment serve`."""

import ipaddress
import os
from pathlib import Path
from typing import Any

import click

from cli.options import artifacts_option, trust_options


@click.command("serve")
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=5000, help="Port to listen on.")
@click.option("--workers", type=click.IntRange(1, 256), default=1, help="Processes that answer.")
@click.option(
    "--threads",
    type=click.IntRange(8, 256),
    default=32,
    help="Requests a worker has under way at once.",
)
@click.option(
    "--in-flight",
    "most_in_flight",
    type=click.IntRange(1, 4096),
    default=64,
    help="Requests a worker takes in at once; 503 for more.",
)
@click.option(
    "--only",
    type=click.Choice(["fast", "deep"]),
    help="Serve this model alone, whatever else is there.",
)
@click.option(
    "--api-key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Ask for one of the keys in this file, one a line.",
)
@click.option("--insecure", is_flag=True, help="Listen beyond this machine without API keys.")
@click.option("--rate", type=click.FloatRange(0), default=0.0, help="Requests/s a client; 0: any.")
@click.option(
    "--proxies",
    type=click.IntRange(0, 8),
    default=0,
    help="Reverse proxies in front whose X-Forwarded-For is believed.",
)
@click.option(
    "--drain",
    type=click.FloatRange(0, 300),
    default=0.0,
    help="Seconds to go on serving, not ready, after SIGTERM.",
)
@click.option("--batch-size", type=click.IntRange(1, 256), default=32, help="Deep: texts a batch.")
@click.option(
    "--batch-wait",
    type=click.FloatRange(0, 1),
    default=0.002,
    help="Deep: seconds a text waits for others.",
)
@click.option("--request-log/--no-request-log", "log_requests", default=True, help="A line each.")
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

    A model that `sentiment artifacts use` or `sentiment serialize` makes current while the server
    runs takes over within seconds, once it is verified. Logs are lines of JSON on stderr; they
    never hold a text.

    \b
    Examples:
      sentiment serve
      sentiment serve --port 8080 --workers 2
      sentiment serve --host 0.0.0.0 --api-key-file keys.txt --rate 50
    Ask it:
      curl -d '{"text": "정말 재밌게 잘봤습니다!", "do_fast": true}' http://127.0.0.1:5000/predict
    """
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
    """One thread a worker in numeric libraries, which read this once, when they are imported.

    More would fight for the cores with the other workers.
    """
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
