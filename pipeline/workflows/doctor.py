"""What this installation has, what it lacks, and how to get what is missing."""

import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline.artifacts import builtin
from pipeline.artifacts.listing import damaged_slots, list_artifacts
from pipeline.artifacts.pointer import HOW_TO_GET, read_current
from pipeline.text.analyzer_packages import (
    INSTALL,
    how_to_install,
    missing_packages,
    needs_java,
)
from pipeline.text.java import OLDEST_JAVA, find_java
from pipeline.text.tokenizers import ANALYZERS

PACKAGES = ("sentiment-toolkit", "numpy", "joblib", "scikit-learn", "scipy", "flask")
EXTRAS = {
    "Curves, for evaluate --report": ("report", ("matplotlib",)),
    "Parquet": ("parquet", ("pyarrow",)),
    "Spreadsheets": ("excel", ("python-calamine",)),
    "The deep model, to answer with": ("onnx", ("onnxruntime", "tokenizers")),
    "The deep model, to pull and to train": ("deep", ("torch", "transformers", "huggingface-hub")),
    "Traces": ("otel", ("opentelemetry-sdk",)),
}
"""What a group of packages is for, and the extra that installs them."""
TRAINING_BYTES = 2 * 2**30
"""Free memory with which training on all of NSMC fits easily."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `fix` says how to get what is missing; "" where nothing is missing."""

    name: str
    detail: str
    fix: str = ""


def examine(root: Path) -> dict[str, list[Finding]]:
    """Look at versions, memory, Java, the analyzers and the artifacts under `root`, by purpose."""
    python = Finding("python", f"{platform.python_version()} on {platform.platform()}")
    extras = {
        purpose: [_extra(name, extra) for name in names]
        for purpose, (extra, names) in EXTRAS.items()
    }
    return {
        "Models": [*_artifacts(root)],
        "Needed by everything": [python, *map(_package, PACKAGES), _memory(), _disk(root)],
        **extras,
        "Morphemes, for train --tokenizer": [_java(), *map(_analyzer, ANALYZERS)],
    }


def _package(name: str) -> Finding:
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        return Finding(name, "not installed", f"Get it with `pip install {name}`.")


def _extra(name: str, extra: str) -> Finding:
    fix = f'Get it with `pip install "sentiment-toolkit[{extra}]"`.'
    found = _package(name)
    return replace(found, fix=fix) if found.fix else found


def _memory() -> Finding:
    try:
        available = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return Finding("memory", "unknown on this system")
    fix = "" if available >= TRAINING_BYTES else "Training on all of NSMC takes 2 GB."
    return Finding("memory", f"{available / 2**30:.1f} GB free", fix)


def _disk(root: Path) -> Finding:
    there = next(path for path in (root.absolute(), *root.absolute().parents) if path.exists())
    return Finding("disk", f"{shutil.disk_usage(there).free / 2**30:.1f} GB free at {there}")


def _java() -> Finding:
    java = find_java()
    if java is None:
        wanted = f"All analyzers but mecab and kiwi need Java {OLDEST_JAVA} or newer."
        return Finding("java", "not found", f"{wanted} Set JAVA_HOME, or use `{INSTALL}`.")
    return Finding("java", f"{java.version or 'of unknown version'} by {java.found_by}")


def _analyzer(name: str) -> Finding:
    missing = missing_packages(name)
    if missing:
        return Finding(
            name, f"lacks {', '.join(missing)}", f"Get it with `{how_to_install(name)}`."
        )
    if needs_java(name) and find_java() is None:
        return Finding(name, "lacks Java", "See above.")
    return Finding(name, "ready")


def _artifacts(root: Path) -> Iterator[Finding]:
    stored = list_artifacts(root)
    for item in stored:
        if item.manifest is None:
            fix = "Remove the folder, or put it back whole."
            yield Finding("artifact", f"{item.folder} cannot be read", fix)
    damaged = damaged_slots(root)
    for slot in HOW_TO_GET:
        count = sum(item.folder.parent.name == slot for item in stored)
        if slot in damaged:
            detail = f"unknown; {count} artifacts in {root}"
            yield Finding(f"{slot} model", detail, damaged[slot])
        else:
            yield _current(root, slot, count)


def _current(root: Path, slot: str, count: int) -> Finding:
    """Which of the slot's artifacts is current; `count`: how many it has."""
    digest = read_current(root / slot).get("digest")
    if digest is None and slot == builtin.SLOT:
        detail = f"{builtin.NAME}, built in; none in {root}. {builtin.HOW_TO_REPLACE}"
        return Finding(f"{slot} model", detail)
    if digest is None:
        return Finding(f"{slot} model", f"none in {root}", HOW_TO_GET[slot])
    return Finding(f"{slot} model", f"{digest[:12]}, one of {count} artifacts in {root}")
