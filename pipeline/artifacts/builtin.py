"""The built-in model: the artifact inside the package, used where a store has none of its slot.

`deploy/build_builtin.py` makes it. Its folder is laid out as a store is.
"""

from pathlib import Path

ROOT = Path(__file__).parents[1] / "builtin"
SLOT = "fast"
DIGEST = "641a35cfc1ce50520109acedbdbc6f0498cf0351fd8ccf0eb2a2968729290d10"
FOLDER = ROOT / SLOT / DIGEST
NAME = f"{SLOT}@{DIGEST[:12]}"
HOW_TO_REPLACE = "`sentiment train` and `sentiment serialize` make your own."
USING = f"Using the built-in model {NAME}; {HOW_TO_REPLACE}"
