"""Figures as plain values for JSON, from which pages are made, too: so both show the same."""

import math
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def to_record(value: Any) -> Any:
    """Dataclasses and named tuples as dicts, arrays as lists, what is no finite number as None."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if is_dataclass(value):
        return {one.name: to_record(getattr(value, one.name)) for one in fields(value)}
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {str(key): to_record(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_record(item) for item in value]
    return value
