"""The demo page, the API's description, and Swagger UI: all from local files."""

import hashlib
import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from flask import Flask, Response, abort, request

from pipeline.server.openapi import openapi_document
from pipeline.server.rows import MOST_ROWS
from pipeline.server.schemas import LONGEST_TEXT
from pipeline.server.settings import ServerSettings

_SWAGGER_FILES = {
    "swagger-ui.css": ("css/swagger-ui.css", "text/css; charset=utf-8"),
    "swagger-ui-bundle.js": ("js/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
}
_CACHED_SECONDS = 3600
_HTML = "text/html; charset=utf-8"


def add_pages(app: Flask, settings: ServerSettings) -> None:
    """Serve `/`, `/docs`, `/openapi.json` and the files that they load."""
    document = json.dumps(openapi_document(settings), ensure_ascii=False)
    static = Path(str(app.static_folder))
    pages = {name: (static / f"{name}.html").read_text("utf-8") for name in ("index", "docs")}
    for name, limit in _limits(settings).items():
        pages["index"] = pages["index"].replace(f"{{{name}}}", str(limit))

    @app.get("/")
    def demo() -> Response:
        return Response(pages["index"], content_type=_HTML)

    @app.get("/docs")
    def docs() -> Response:
        return Response(pages["docs"], content_type=_HTML)

    @app.get("/openapi.json")
    def openapi() -> Response:
        return Response(document, content_type="application/json")

    @app.get("/docs/<name>")
    def swagger(name: str) -> Response:
        if name not in _SWAGGER_FILES:
            abort(404)
        path, content_type = _SWAGGER_FILES[name]
        content, etag = _read_once(_swagger_folder() / path)
        response = Response(content, content_type=content_type)
        response.set_etag(etag)
        response.cache_control.max_age = _CACHED_SECONDS
        response.make_conditional(request)
        return response


def _limits(settings: ServerSettings) -> dict[str, int]:
    """What the demo page has to know, by its names for it."""
    return {
        "max_body": settings.max_body,
        "max_texts": settings.max_texts,
        "max_rows": MOST_ROWS,
        "longest": LONGEST_TEXT,
    }


@lru_cache
def _read_once(path: Path) -> tuple[bytes, str]:
    """A large file and its digest: many who read it slowly wait for the same bytes."""
    content = path.read_bytes()
    return content, hashlib.sha256(content).hexdigest()


@lru_cache
def _swagger_folder() -> Path:
    """The folder of Swagger UI's files, in the package that holds them; it is not imported."""
    spec = find_spec("flask_openapi3_swagger")
    if spec is None or spec.origin is None:
        abort(404, "Swagger UI is not installed: pip install flask-openapi3-swagger")
    return Path(spec.origin).parent / "templates" / "swagger"
