"""Pages made of a record of figures: one file each, escaped, without scripts or network."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.durability import unfinished, write_durably
from pipeline.files.same_files import refuse_same, refuse_without_folder
from pipeline.own_files import check_own, check_replaceable
from pipeline.reports.showing import coloured
from pipeline.reports.words import common
from pipeline.targets import followed, is_stream, open_stream, write_all

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

TEMPLATES = Path(__file__).with_name("templates")

Record = Mapping[str, Any]
Words = Mapping[str, Mapping[str, str]]
"""Of a page: by language, then by key."""


def words_of(page: Words, language: str) -> dict[str, str]:
    """All words of a page in a language."""
    return {**common.WORDS[language], **page[language]}


def render(template: str, language: str, page: Words, record: Record, **more: object) -> str:
    """The page of a record, from a template of this package."""
    known = {"language": language, "version": version("sentiment-toolkit")}
    words = words_of(page, language)
    found = _environment().get_template(template)
    return found.render(words=words, **known, **record, **more)


def check_report(path: Path, inputs: Iterable[str | Path]) -> None:
    """Raise InvalidInput if no report can be put there, or if one of these files would be lost."""
    report = followed(path)
    if is_stream(path):
        if path.is_file():  # by the number under which it is open
            refuse_same(inputs, [path])
        return
    refuse_same(inputs, [path, unfinished(report)])
    refuse_without_folder(report)
    check_replaceable(report)
    check_own(unfinished(report))


def write_report(path: Path, record: Record, make_page: Callable[[], str]) -> None:
    """Write the page, or the record itself where the path ends in .json."""
    content = make_page() if is_page(path) else json.dumps(record, ensure_ascii=False) + "\n"
    page = content.encode("utf-8", "backslashreplace")  # a path can hold bytes that are no text
    if is_stream(path):
        with open_stream(path) as stream:
            write_all(stream, page)
    else:
        write_durably(followed(path), page)


def is_page(path: Path) -> bool:
    """Whether a page is wanted under this name, not the figures as JSON."""
    return path.suffix.lower() != ".json"


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (percent, count, figure, signed, on_axis, marked)
    environment.filters |= {one.__name__: one for one in filters}
    environment.globals["coloured"] = coloured
    return environment


def marked(sentence: str) -> "Markup":
    """A sentence of ours whose commands, in backquotes, are shown as such."""
    from markupsafe import Markup, escape

    safe = str(escape(sentence))
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", safe))  # noqa: S704


def percent(value: float | None, digits: int = 1) -> str:
    """A share as percent; a dash for what is not defined."""
    return "–" if value is None else f"{value:.{digits}%}"


def count(value: float) -> str:
    """A whole number with its thousands apart."""
    return f"{value:,.0f}"


def figure(value: float | None, digits: int = 4) -> str:
    """A number that is no share."""
    return "–" if value is None else f"{value:.{digits}f}"


def signed(value: float, digits: int = 1) -> str:
    """A number with its sign, a minus being as wide as a plus."""
    return f"{value:+.{digits}f}".replace("-", "−")


def on_axis(share: float, lowest: float = 0.0) -> float:
    """Where a share stands on an axis from the lowest to 1, in percent; before it, at 0."""
    return round(100 * max(share - lowest, 0.0) / max(1 - lowest, 1e-9), 2)
