"""What `POST /predict` takes, and the one place where it is checked."""

import json
from typing import Annotated, Any, NoReturn

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

LONGEST_TEXT = 2_000
"""Code points."""
MOST_TEXTS = 1_024


class RequestRefused(Exception):
    """A request that gets an error answer: HTTP status, machine-readable code, message, field."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.field = status, code, message, field


Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
Texts = Annotated[list[Text], Field(min_length=1, max_length=MOST_TEXTS)]


class PredictRequest(BaseModel):
    """Body of `POST /predict`."""

    model_config = ConfigDict(strict=True, extra="forbid")

    text: Annotated[
        Annotated[Text, Tag("one")] | Annotated[Texts, Tag("many")],
        Discriminator(lambda value: "many" if isinstance(value, list) else "one"),
    ]
    do_fast: bool | None = Field(
        default=None,
        description="true: the fast model; false: the deep; left out: deep if served, else fast",
    )

    @property
    def texts(self) -> list[str]:
        """The texts in order, one or many."""
        return [self.text] if isinstance(self.text, str) else self.text


_FIELDS = frozenset(PredictRequest.model_fields)


def parse_request(body: bytes) -> PredictRequest:
    """Body bytes to a valid request; raises RequestRefused, which never echoes the input."""
    content = _load_json(body)
    try:
        return PredictRequest.model_validate(content)
    except ValidationError as error:
        raise _as_refusal(error, content) from None


def _load_json(body: bytes) -> Any:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise RequestRefused(400, "bad_encoding", "The body is not UTF-8.") from None
    try:
        return json.loads(
            text, object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        raise RequestRefused(400, "bad_json", "The body is not valid JSON.") from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise RequestRefused(422, "duplicate_key", "A key is given twice.")
    return record


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _as_refusal(error: ValidationError, content: Any) -> RequestRefused:
    """The first thing wrong. Names of unknown keys are input, so they are not repeated."""
    if not isinstance(content, dict):
        return RequestRefused(422, "wrong_type", 'The body must be an object like {"text": "…"}.')
    problem = error.errors(include_input=False, include_url=False)[0]
    known = [part for part in problem["loc"] if isinstance(part, int) or part in _FIELDS]
    field = "".join(f"[{part}]" if isinstance(part, int) else part for part in known)
    message = problem["msg"].removeprefix("Value error, ")
    return RequestRefused(422, problem["type"], f"{message}.", field or None)
