"""What the descriptions of all routes are put together from."""

from typing import Any

from pydantic import BaseModel

from pipeline.server.schemas import ErrorResponse

REFERENCE = "#/components/schemas/{model}"
KEY: list[dict[str, list[str]]] = [{}, {"key": []}]
"""No API key, or one if the server asks for it."""
ERRORS = {
    400: "malformed JSON, not UTF-8, or nested too deeply",
    401: "no API key, or a wrong one, if the server asks for one",
    411: "a chunked body: send a Content-Length",
    413: "the body is over 1 MiB, or what --max-body says",
    415: "another Content-Type than JSON",
    422: "wrong types, empty or too long text, too many texts, unknown or repeated key",
    429: "this client asks too often: see Retry-After",
    503: "too much is under way (see Retry-After), or the model asked for is not there",
    504: "the answer took longer than allowed",
}


def operation(
    summary: str,
    content: dict[str, Any],
    answer: dict[str, Any],
    headers: dict[str, Any],
    errors: dict[int, str] = ERRORS,
    error: type[BaseModel] = ErrorResponse,
) -> dict[str, Any]:
    """A route that takes this content and answers with that, or with an error of these statuses."""
    return {
        "tags": ["models"],
        "summary": summary,
        "security": KEY,
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {"description": "answered", "headers": headers, "content": answer},
            **{
                str(status): {"description": text, "content": json_of(error)}
                for status, text in errors.items()
            },
        },
    }


def look(summary: str, *other: int, kind: str = "application/json") -> dict[str, Any]:
    """A route that shows something, with these other statuses."""
    content = {kind: {"schema": {"type": "string" if kind == "text/plain" else "object"}}}
    errors = {str(status): {"description": "no, or not now"} for status in other}
    return {
        "tags": ["operations"],
        "summary": summary,
        **({"security": KEY} if 401 in other else {}),
        "responses": {"200": {"description": "yes", "content": content}, **errors},
    }


def json_of(model: type[BaseModel]) -> dict[str, Any]:
    """A body of JSON that has this model's schema."""
    reference = REFERENCE.format(model=model.__name__)
    return {"application/json": {"schema": {"$ref": reference}}}


def model_header() -> dict[str, Any]:
    """The header that names the artifact."""
    text = "slot and first 12 digits of the artifact that answered"
    schema = {"type": "string", "example": "fast@0123456789ab"}
    return {"X-Model": {"description": text, "schema": schema}}


def parameter(name: str, where: str, description: str) -> dict[str, Any]:
    """A parameter in the `query` or a `header`, which may be left out."""
    schema = {"type": "string"}
    return {"name": name, "in": where, "description": description, "schema": schema}
