"""From the bytes of a request to its texts: what all doors check alike."""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from pipeline.server.refusals import RequestRefused
from pipeline.server.schemas import Text, too_many_texts

# A missing type is how the course's own client sends JSON, the form type is how curl -d does.
JSON_TYPES = ("", "application/json", "application/x-www-form-urlencoded")

_texts = TypeAdapter(list[Text], config=ConfigDict(strict=True))


def check_type(environ: dict[str, Any], allowed: Collection[str], advice: str) -> str:
    """The media type of a request's body; raises RequestRefused (415) if it is another.

    `advice`: what to send, for the message. A compressed body is refused, too.
    """
    found = _media_type(environ.get("CONTENT_TYPE", ""))
    if found not in allowed:
        raise RequestRefused(415, "unsupported_media_type", advice)
    if environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        message = "Send the body as it is, not compressed."
        raise RequestRefused(415, "unsupported_media_type", message)
    return found


@lru_cache(maxsize=256)
def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def read_bytes(environ: dict[str, Any]) -> bytes:
    """The body of a request, whose size and framing `Admission` has looked at."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return body


def decode(body: bytes) -> str:
    """The body as text, without its byte order mark; raises RequestRefused if it is not UTF-8."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RequestRefused(400, "bad_encoding", "The body is not UTF-8.") from None


def check_texts(found: Sequence[object], most_texts: int) -> list[str]:
    """The texts of a request; raises RequestRefused, whose field names the first bad one.

    There must be one to `most_texts` of them, each of the length that `/predict` allows.
    """
    if not found:
        raise RequestRefused(422, "too_short", "Send at least one text.", "text")
    if len(found) > most_texts:
        raise too_many_texts(most_texts)
    try:
        return _texts.validate_python(list(found))
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        field = f"text[{problem['loc'][0]}]"
        raise RequestRefused(422, problem["type"], f"{problem['msg']}.", field) from None
