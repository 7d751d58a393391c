"""Values as JSON, also those that JSON does not know."""

import base64
import json
import math
from datetime import date, datetime, time
from typing import Any

MOST_LEVELS = 200
"""Lists and objects in each other: more of them, and Python cannot go through them all."""


def json_text(value: object) -> str:
    """The value as JSON; what is no number (NaN, infinity) is null, wherever it stands."""
    try:
        return json.dumps(value, ensure_ascii=False, default=json_value, allow_nan=False)
    except ValueError:
        return json.dumps(finite(value), ensure_ascii=False, default=json_value)


def json_value(value: object) -> str:
    """Dates as ISO 8601, bytes in base64, all else, such as decimals, as it is printed."""
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return str(value)


def finite(value: Any) -> Any:
    """The value with None for each NaN and infinity in it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(one) for key, one in value.items()}
    return [finite(one) for one in value] if isinstance(value, list | tuple) else value


def is_too_deep(value: object) -> bool:
    """Whether more than MOST_LEVELS lists and objects are in each other."""
    layer = [value]
    for _ in range(MOST_LEVELS):
        layer = [inner for outer in layer for inner in _inner(outer)]
        if not layer:
            return False
    return any(isinstance(one, list | dict) for one in layer)


def _inner(value: object) -> Any:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
