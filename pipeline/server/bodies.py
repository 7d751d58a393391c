"""From the bytes of a request to its texts: what all doors check alike."""

from collections.abc import Collection, Sequence
from functools import lru_cache

from pydantic import ConfigDict, TypeAdapter, ValidationError

from pipeline.server.environs import Environ, content_length
from pipeline.server.refusals import RequestRefused
from pipeline.server.schemas import Text, invalid, too_many_texts

# A missing type is how the course's own client sends JSON, the form type is how curl -d does.
JSON_TYPES = ("", "application/json", "application/x-www-form-urlencoded")

_texts = TypeAdapter(list[Text], config=ConfigDict(strict=True))


def check_type(environ: Environ, allowed: Collection[str], advice: str) -> str:
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


def read_bytes(environ: Environ) -> bytes:
    """The body of a request, whose size and framing `Admission` has looked at."""
    body: bytes = environ["wsgi.input"].read(content_length(environ))
    return body


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
        raise invalid(error, known=(), within="text") from None
