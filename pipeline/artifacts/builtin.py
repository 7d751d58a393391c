"""The built-in model: the artifact inside the package, used where a store has none of its slot.

`deploy/build_builtin.py` makes it. Its folder is laid out as a store is.
"""

from pathlib import Path

ROOT = Path(__file__).parents[1] / "builtin"
SLOT = "fast"
DIGEST = "8d597cf9b8b8de475a83ed1929c0878fe8eef28cdd539420e3461e1365730349"
FOLDER = ROOT / SLOT / DIGEST
NAME = f"{SLOT}@{DIGEST[:12]}"
HOW_TO_REPLACE = "`sentiment train` and `sentiment serialize` make your own."
USING = f"Using the built-in model {NAME}; {HOW_TO_REPLACE}"
