"""Print constraints under which pip takes the lowest versions that pyproject.toml allows.

What the dependencies of pyproject.toml do not name, test tools above all, stays at its version in
constraints.txt.
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLLOWING = {"pydantic-core"}
"""Pinned by what needs it, each release its own."""


def get_name(requirement: str) -> str:
    """The name that a requirement begins with, as the index spells it."""
    name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
pinned = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
replaced = FOLLOWING | {get_name(dependency) for dependency in project["dependencies"]}
for dependency in project["dependencies"]:
    print(dependency.replace(">=", "==", 1))
for line in pinned:
    if get_name(line) not in replaced:
        print(line)
