"""Values that JSON does not know, as texts."""

import base64
from datetime import date, datetime, time


def json_value(value: object) -> str:
    """Dates as ISO 8601, bytes in base64, all else, such as decimals, as it is printed."""
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return str(value)
