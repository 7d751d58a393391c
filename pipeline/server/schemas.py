"""Bodies of requests and answers: the one place in which they are checked and described."""

import json
from collections.abc import Container
from typing import Annotated, Any, Literal, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, RootModel, Tag, ValidationError

from pipeline.handlers.unsure import NEVER
from pipeline.server.refusals import RequestRefused

LONGEST_TEXT = 2_000
"""Code points."""
DEEPEST = 8
"""Levels of nesting in a body."""

Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
Texts = Annotated[list[Text], Field(min_length=1)]
Threshold = Annotated[
    float | None,
    Field(
        ge=NEVER,
        le=1.0,
        description="answers with a confidence under this get the label unsure; left out: what the "
        "artifact was sealed with",
    ),
]
Body = TypeVar("Body", bound=BaseModel)


class PredictRequest(BaseModel):
    """Body of `POST /predict`."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={"example": {"text": "정말 재밌게 잘봤습니다!", "do_fast": True}},
    )

    text: Annotated[
        Annotated[Text, Tag("one")] | Annotated[Texts, Tag("many")],
        Discriminator(lambda value: "many" if isinstance(value, list) else "one"),
        Field(description="one review, or a list of them"),
    ]
    do_fast: bool | None = Field(
        default=None,
        description="true: the fast model; false: the deep; left out: deep if served, else fast",
    )
    unsure_below: Threshold = None

    @property
    def texts(self) -> list[str]:
        """The texts in order, one or many."""
        return [self.text] if isinstance(self.text, str) else self.text


class ExplainRequest(BaseModel):
    """Body of `POST /explain`."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={"example": {"text": "연기는 좋은데 내용이 지루하다"}},
    )

    text: Text = Field(description="one review")


class Answer(BaseModel):
    """The text as sent, its label, and the calibrated probability of the likelier label.

    `likelier_label` is there where answers are held back: the label may be `unsure` then.
    """

    text: str
    label: Literal["negative", "positive", "unsure"]
    confidence: float = Field(ge=0.5, le=1.0)
    likelier_label: Literal["negative", "positive"] | None = None


class PredictResponse(RootModel[dict[str, Answer]]):
    """One answer for each text, under "0", "1", …, in the order of the texts."""


class ExplainResponse(BaseModel):
    """What each character of the cleaned text adds to the fast model's logit.

    The shares and the intercept sum to the logit; above 0 is positive.
    """

    text: str = Field(description="the text as the model sees it")
    shares: list[float] = Field(description="one number a character")
    intercept: float
    logit: float


class ErrorDetail(BaseModel):
    """The error, and the field of the body that it is about."""

    code: str
    message: str
    field: str | None


class ErrorResponse(BaseModel):
    """Every error answer. It never repeats the input."""

    error: ErrorDetail


def parse_request(body: bytes, kind: type[Body], most_texts: int | None = None) -> Body:
    """Parse and check a body; raises RequestRefused, which never repeats the input.

    `most_texts`: of a list; None for a body that can have no list.
    """
    content = load_json(body)
    if isinstance(content, dict):
        _check_sizes(content, kind, most_texts)
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        if _is_deeper(content, DEEPEST):
            raise _too_deep() from None
        if not isinstance(content, dict):
            message = 'The body must be an object like {"text": "…"}.'
            raise RequestRefused(422, "wrong_type", message) from None
        raise invalid(error, kind.model_fields) from None


def _check_sizes(content: dict[str, Any], kind: type[Body], most_texts: int | None) -> None:
    """What may be long is looked at first: pydantic notes each of a million errors."""
    if not content.keys() <= kind.model_fields.keys():
        if _is_deeper(content, DEEPEST):
            raise _too_deep()
        message = f"Only these keys are known: {', '.join(kind.model_fields)}."
        raise RequestRefused(422, "extra_forbidden", message)
    texts = content.get("text")
    if most_texts is not None and isinstance(texts, list) and len(texts) > most_texts:
        raise too_many_texts(most_texts)


def too_many_texts(most_texts: int) -> RequestRefused:
    """The refusal of a list of more texts than this."""
    message = f"Send at most {most_texts} texts at a time."
    return RequestRefused(422, "too_long", message, "text")


def decode(body: bytes) -> str:
    """The body as text, without its byte order mark; raises RequestRefused if it is not UTF-8."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RequestRefused(400, "bad_encoding", "The body is not UTF-8.") from None


def load_json(body: bytes) -> Any:
    """The value of a body of JSON; raises RequestRefused if it is none, or has a key twice."""
    text = decode(body)
    try:
        return _decode(text)
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise RequestRefused(400, "bad_json", "The body is not valid JSON.") from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise RequestRefused(422, "duplicate_key", "A key is given twice.")
    return record


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


# Made once: json.loads would make a decoder for each body.
_decode = json.JSONDecoder(
    object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant
).decode


def invalid(error: ValidationError, known: Container[str], within: str = "") -> RequestRefused:
    """The refusal for the first error, of a field of what is called `within`.

    Names that are not `known` are input, so they are not repeated.
    """
    problem = error.errors(include_input=False, include_url=False)[0]
    parts = [part for part in problem["loc"] if isinstance(part, int) or part in known]
    field = within + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return RequestRefused(422, problem["type"], f"{problem['msg']}.", field.lstrip(".") or None)


def _too_deep() -> RequestRefused:
    return RequestRefused(400, "too_deep", f"The body is nested deeper than {DEEPEST} levels.")


def _is_deeper(content: Any, levels: int) -> bool:
    """Whether `content` is nested deeper than this; recurses no deeper either."""
    if not isinstance(content, dict | list):
        return False
    children = content.values() if isinstance(content, dict) else content
    return levels == 0 or any(_is_deeper(child, levels - 1) for child in children)
