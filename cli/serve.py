"""`sentiment serve`."""

from pathlib import Path

import click

from cli.options import artifacts_option, trust_options


@click.command("serve")
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=5000, help="Port to listen on.")
@click.option("--workers", type=click.IntRange(1, 256), default=1, help="Processes that answer.")
@trust_options
@artifacts_option
def command(
    host: str,
    port: int,
    workers: int,
    expect_digest: str | None,
    require_signature: Path | None,
    artifacts: Path,
) -> None:
    r"""Serve the current models over HTTP until SIGTERM or Ctrl-C.

    \b
    Examples:
      sentiment serve
      sentiment serve --port 8080 --workers 2
    Ask it:
      curl -d '{"text": "정말 재밌게 잘봤습니다!", "do_fast": true}' http://127.0.0.1:5000/predict
    """
    from pipeline.artifacts import Trust
    from pipeline.handlers.loading import load_current
    from pipeline.server.running import serve

    trust = Trust(expect_digest, require_signature)
    handlers = {"fast": load_current(artifacts, "fast", trust)}
    click.echo(f"Serving {handlers['fast'].name} on http://{host}:{port}", err=True)
    serve(handlers, host, port, workers)
