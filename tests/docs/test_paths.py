"""What the documentation and the docstrings name exists: files, modules, names in modules."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from pipeline.artifacts.manifest import Manifest
from tests.support.paths import ROOT

FOLDERS = "pipeline|cli|tests|bench|deploy|docs"
PAGES = [*ROOT.glob("README*.md"), *(ROOT / "docs").glob("*.md")]
SOURCES = [path for folder in ("pipeline", "cli") for path in (ROOT / folder).rglob("*.py")]
SCRIPTS = {path.name for folder in FOLDERS.split("|") for path in (ROOT / folder).rglob("*.py")}
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in SOURCES
}
DEFINED = {
    f"{module}.{name}"
    for module, path in MODULES.items()
    for name in re.findall(
        r"^(?:def |class |(?=\w+(?::.*)? = ))(\w+)", path.read_text("utf-8"), re.MULTILINE
    )
}
KNOWN = {f".{name}" for name in (*MODULES, *DEFINED)}
# The manifest's fields are no modules, though some have the name of one: `settings.features`.
PARTS = {part for module in MODULES for part in module.split(".")} - {
    field.name for field in fields(Manifest)
}
NAMES = {name.rpartition(".")[2] for name in DEFINED}
DATA = {"json", "jsonl", "csv", "tsv", "txt", "parquet", "joblib", "onnx", "html", "pem", "sig"}


def named(text: str, folder: Path) -> Iterator[tuple[str, bool]]:
    """Each file, module or name of ours that a text in this folder names; whether it exists."""
    for link in re.findall(r"\]\(([^)#:\s]+)[)#]", text):
        yield link, (folder / link).exists()
    for path in re.findall(rf"(?<![\w/.-])(?:{FOLDERS})/[\w./*-]*[\w/*]", text):
        yield path, any(ROOT.glob(path))
    for path in re.findall(r"(?<![\w/.-])data/\w+\.\w+", text):
        yield path, (ROOT / path).exists()
    for script in re.findall(r"(?<![\w/.-])\w+\.py\b", text):
        yield script, script in SCRIPTS
    for dotted in re.findall(r"`([a-z_]\w*(?:\.\w+)+)(?:\([^`]*\))?`", text):
        first, *_, last = dotted.split(".")
        if last not in {*DATA, "py"} and (first in PARTS or last in NAMES):
            yield dotted, any(known.endswith(f".{dotted}") for known in KNOWN)
    for package, rows in re.findall(r"^\| `(\w+/\w+)/` \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.M):
        for module in re.findall(r"`([\w.]+)`", "".join(re.findall(r"^\|[^|]+", rows, re.M))):
            dotted = f"{package}.{module}".replace("/", ".")
            yield dotted, dotted in MODULES


def docstrings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            yield ast.get_docstring(node) or ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_name_what_exists(page: Path) -> None:
    found = list(named(page.read_text(encoding="utf-8"), page.parent))
    assert [name for name, exists in found if not exists] == []


def test_docstrings_name_what_exists() -> None:
    gone = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in SOURCES
        for text in docstrings(path)
        for name, exists in named(text, path.parent)
        if not exists
    ]
    assert gone == []


def test_every_module_is_in_the_architecture() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    found = {name for name, _ in named(text, ROOT / "docs")}
    modules = {name for name, path in MODULES.items() if path.name != "__init__.py"}
    inside = {name for name in modules if name.count(".") > 1}
    assert inside - found == set()


@pytest.mark.parametrize(
    "text",
    [
        "[gone](gone.md)",
        "`pipeline/gone.py`",
        "`gone.py`",
        "tests/server/test_gone.py",
        "data/gone.tsv",
        "`pipeline.text.gone`",
        "`text.clean`",
        "`features.gone`",
        "`gone.featurize(texts)`",
        "| `pipeline/text/` | does |\n|---|---|\n| `cleaning`, `gone` | `it` |\n",
    ],
)
def test_what_is_gone_is_found(text: str) -> None:
    assert [exists for _, exists in named(text, ROOT)].count(False) == 1


@pytest.mark.parametrize(
    "name",
    ["reviews.csv", "manifest.json", "data/nsmc", "gc.freeze", "settings.features", "artifacts/"],
)
def test_what_is_not_ours_is_passed_over(name: str) -> None:
    assert list(named(f"`{name}`", ROOT)) == []
