"""Peak memory of one side in a process of its own; prints JSON. Run by bench_fast_latency.py.

It is the high-water mark of this program's own pages (VmHWM), not getrusage's ru_maxrss, which a
child inherits from the program that started it.
"""

import json
import subprocess
import sys
from pathlib import Path

from sides import load

from pipeline.reviews.labelled import read_reviews
from pipeline.text.cleaning import clean


def measure(name: str, model: Path, data: Path) -> tuple[float, float]:
    """Peak megabytes of a fresh Python (after loading the side, after scoring the file at once)."""
    command = [sys.executable, __file__, name, str(model), str(data)]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    loaded, scored = json.loads(answer)
    return loaded, scored


def main() -> None:
    """Load, read the mark, score, read it again."""
    name, model, data = sys.argv[1:]
    side = load(name, Path(model))
    loaded = peak()
    side.score([clean(text) for text in read_reviews(Path(data)).texts])
    print(json.dumps([loaded, peak()]))


def peak() -> float:
    """Megabytes of this process at the most until now."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise OSError("no VmHWM in /proc/self/status")


if __name__ == "__main__":
    main()
