"""File to file: `sentiment predict --fast`, and pandas with scikit-learn as people write it.

Each side is a process of its own that reads a file made by repeating the test reviews and writes
another; rows a second are those of the whole process, start included. Peak memory is the process's
own (VmHWM). The file has 1,000,000 rows; scikit-learn gets a twentieth of it, being slow.
"""

import importlib.util
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import Corpus, print_table, start, trained
from rivals import fitted_rivals
from sides import OURS, SKLEARN

ROWS = 1_000_000
CODE = {
    OURS: "import sys; from cli.main import main; main(sys.argv[1:], standalone_mode=False)",
    SKLEARN: (
        "import sys, joblib, pandas\n"
        "model, given, scored = sys.argv[1:]\n"
        "reviews = pandas.read_csv(given, sep='\\t')\n"
        "found = joblib.load(model).predict_proba(reviews.document.fillna(''))\n"
        "reviews['predicted_label'] = found.argmax(axis=1)\n"
        "reviews['confidence'] = found.max(axis=1)\n"
        "reviews.to_csv(scored, sep='\\t', index=False)"
    ),
}
PEAK = """
print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])
"""


def main() -> None:
    """Make the files, run each side once, print a row each."""
    options, corpus = start(__doc__)
    total = len(corpus.test) * 2 if options.quick else ROWS
    with tempfile.TemporaryDirectory() as name, trained(corpus) as ours:
        folder = Path(name)
        given, rows = repeated(corpus, folder / "given.tsv", total)
        few, few_rows = repeated(corpus, folder / "few.tsv", total // 20)
        model = fitted_rivals(corpus, options.models)[SKLEARN]
        common = ["predict", "--fast", "--quiet", "--jobs", "1", "--artifacts", str(ours.root)]
        table = folder / "given.parquet"
        run(OURS, [*common, str(given), "--prefix", "first_", "-o", str(table)])
        sides = {
            f"{OURS}, TSV": (OURS, [*common, str(given), "-o", str(folder / "o.tsv")], rows),
            f"{OURS}, Parquet": (OURS, [*common, str(table), "-o", f"{folder}/o.parquet"], rows),
        }
        if importlib.util.find_spec("pandas") is None:
            print("pandas is not installed and left out; `make bench` installs it.", flush=True)
        else:
            arguments = [str(model), str(few), f"{folder}/s.tsv"]
            sides[f"pandas, {SKLEARN}"] = (SKLEARN, arguments, few_rows)
        measured = {side: (*run(*call[:2]), call[2]) for side, call in sides.items()}
    best = {side: rows / seconds for side, (seconds, _, rows) in measured.items()}
    print_table(
        ["side", "rows", "rows/s", "× slower than ours", "peak memory"],
        [
            [
                side,
                f"{rows:,}",
                f"{best[side]:,.0f}",
                f"{best[f'{OURS}, TSV'] / best[side]:.2f}×",
                f"{peak:.0f} MB",
            ]
            for side, (_, peak, rows) in measured.items()
        ],
    )


def repeated(corpus: Corpus, path: Path, least: int) -> tuple[Path, int]:
    """The test reviews, as often as it takes for so many rows: (the file, its rows)."""
    header, _, body = corpus.test_path.read_bytes().partition(b"\n")
    copies = -(-least // len(corpus.test))
    with path.open("wb") as file:
        file.write(header + b"\n")
        for _ in range(copies):
            file.write(body.rstrip(b"\n") + b"\n")
    return path, copies * len(corpus.test)


def run(side: str, arguments: list[str]) -> tuple[float, float]:
    """Run a side in a fresh Python; return (seconds, peak megabytes)."""
    begin = time.perf_counter()
    command = [sys.executable, "-c", CODE[side] + PEAK, *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return time.perf_counter() - begin, int(done.stdout.split()[-1]) / 1024


if __name__ == "__main__":
    main()
