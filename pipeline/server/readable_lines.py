"""Lines of the log as people read them on a terminal."""

import json
from datetime import datetime
from typing import Any


def readable(line: str) -> str:
    """A line of JSON as text: the local time, what happened, and the rest of it."""
    facts = json.loads(line)
    time = datetime.fromisoformat(facts.pop("time")).astimezone().strftime("%H:%M:%S")
    event = facts.pop("event")
    words = _request(facts) if event == "request" else _event(event, facts)
    return "".join(c if c.isprintable() else " " for c in f"{time} {words}")


def _request(facts: dict[str, Any]) -> str:
    method, route = facts["method"] or "-", facts["route"]
    line = f"{facts['status']} {method} {route} {facts['ms']:.1f} ms {facts['client'] or ''}"
    if facts["model"] is None:
        return line
    return f"{line} {facts['model']}, texts: {facts['texts']}"


def _event(event: str, facts: dict[str, Any]) -> str:
    message = facts.pop("message", None)
    rest = [f"{name}={value}" for name, value in facts.items() if name != "logger"]
    return " ".join([f"{event}:", *filter(None, [message]), *rest])
