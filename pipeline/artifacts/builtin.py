"""The built-in model: the artifact inside the package, used where a store has none of its slot.

`deploy/build_builtin.py` makes it. Its folder is laid out as a store is.
"""

from pathlib import Path

ROOT = Path(__file__).parents[1] / "builtin"
SLOT = "fast"
DIGEST = "f468cf329d66f6c8c6d3b6d16ba821b8030ab153bf18573a3c017023d101e2a3"
FOLDER = ROOT / SLOT / DIGEST
NAME = f"{SLOT}@{DIGEST[:12]}"
HOW_TO_REPLACE = "`sentiment train` and `sentiment serialize` make your own."
USING = f"Using the built-in model {NAME}; {HOW_TO_REPLACE}"
