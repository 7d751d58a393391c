"""`make torture`: the fault tests in their long form, with a table of counts at the end of each.

Ends with 1 if an artifact that is damaged, forged or hostile loaded, ran code, or raised anything
but ArtifactRefused, if a fault left a store damaged, or if two versions answer differently.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.torture import deep
from tests.torture.kills import INTERVAL
from tests.torture.parts import NEED_A_REAL_MODEL, PARTS
from tests.torture.small import make_small


def main() -> int:
    """Run the parts named, all by default."""
    parser = argparse.ArgumentParser(prog="make torture")
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--mutants", type=int, default=100_000, help="how many")
    parser.add_argument("--tables", type=int, default=1_000, help="mutants of Parquet files")
    parser.add_argument("--deep-mutants", type=int, default=1_000, help="of each file of a model")
    parser.add_argument("--kills", type=int, default=200, help="of `predict`")
    parser.add_argument("--races", type=int, default=250, help="rounds of commands on one store")
    parser.add_argument(
        "--interval", type=float, default=INTERVAL, help="seconds between checkpoints of `predict`"
    )
    parser.add_argument("--outputs", type=int, default=300, help="of devices, of 1,000 or so")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn")
    parser.add_argument("--requests", type=int, default=100_000, help="made-up requests")
    parser.add_argument("--times", type=int, default=200, help="worker kills, swaps, SIGTERMs")
    parser.add_argument("--invariance", type=int, default=2000, help="training reviews")
    parser.add_argument("--parity", type=int, default=50_000, help="test reviews")
    options = parser.parse_args()
    bad = []
    if not options.parts:
        options.parts = [name for name in PARTS if not _left_out(name)]
    for name in options.parts:
        with tempfile.TemporaryDirectory(prefix="torture-") as folder:
            started = time.perf_counter()
            print(f"\n## {name}\n", flush=True)
            small = make_small(Path(folder) / "small")
            (Path(folder) / "scratch").mkdir()
            if not PARTS[name](small, Path(folder) / "scratch", options):
                bad.append(name)
            print(f"\n({time.perf_counter() - started:.0f} s)", flush=True)
    print(f"\nNOT CLEAN: {', '.join(bad)}" if bad else "\nAll clean.")
    return 1 if bad else 0


def _left_out(name: str) -> bool:
    """Whether a part cannot be run here, and so is only told of unless it is asked for."""
    reason = deep.why_not() if name in NEED_A_REAL_MODEL else None
    if reason:
        print(f"{name} is left out: {reason}.")
    return reason is not None


if __name__ == "__main__":
    sys.exit(main())
