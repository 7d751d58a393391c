"""The built-in model: the artifact inside the package, used where a store has none of its slot.

`deploy/build_builtin.py` makes it. Its folder is laid out as a store is.
"""

from pathlib import Path

ROOT = Path(__file__).parents[1] / "builtin"
SLOT = "fast"
DIGEST = "bda7148934bd8c0c1d67eb7d946ee15cd4b442a008f5d96e0ecc0b6b4d73cafd"
FOLDER = ROOT / SLOT / DIGEST
NAME = f"{SLOT}@{DIGEST[:12]}"
HOW_TO_REPLACE = "`sentiment train` and `sentiment serialize` make your own."
USING = f"Using the built-in model {NAME}; {HOW_TO_REPLACE}"
