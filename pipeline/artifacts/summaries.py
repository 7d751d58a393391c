"""What lists show of a run or an artifact: how good it is, and what it was made from."""

from collections.abc import Mapping
from typing import Any, Protocol


class Described(Protocol):
    """What runs and manifests have in common."""

    @property
    def slot(self) -> str:
        """The model's slot."""

    @property
    def settings(self) -> dict[str, Any]:
        """How the model was fitted."""

    @property
    def data(self) -> dict[str, Any]:
        """What it was fitted on."""

    @property
    def metrics(self) -> dict[str, Any]:
        """How good it is."""


def figures(described: Described) -> Mapping[str, Any] | None:
    """Its figures on test reviews or, without any, on held-out ones; None if it has neither."""
    for name in ("test", "held_out"):
        found = described.metrics.get(name)
        if isinstance(found, dict) and "accuracy" in found:
            return found
    return None


def accuracy(described: Described) -> str:
    """Its accuracy, in words."""
    found = figures(described)
    return f"accuracy {found['accuracy']:.2%}" if found else "not measured"


def basis(described: Described) -> str:
    """What the model is built on: the tokenizer of the fast one, the encoder of the deep one."""
    for name in ("base", "hub"):
        if name in described.data:
            return str(described.data[name].get("repository"))
    return str(described.settings.get("features", {}).get("tokenizer", described.slot))


def trained_on(described: Described) -> str:
    """Name and number of rows of the file that it was trained on, and how much it was taught."""
    facts, taught = described.data.get("train"), taught_by(described)
    parts = [f"{facts['name']} ({facts['rows']:,})" if facts else "", taught or ""]
    return " + ".join(filter(None, parts)) or "-"


def taught_by(described: Described) -> str | None:
    """How many reviews without labels it learned from, and who judged them; None for none."""
    facts = described.data.get("unlabelled")
    if facts is None:
        return None
    teachers = " and ".join(teacher["name"] for teacher in facts["teachers"])
    return f"{facts['texts']:,} without labels judged by {teachers}"
