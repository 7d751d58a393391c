"""The deep model, whole and with every other layer, by engine, precision and threads of a CPU.

BENCH_MODEL names a fine-tuned classifier as for bench_deep.py; BENCH_THREADS numbers of threads,
such as 1,2,8; left out, 1, 2, 4 … up to all cores. The halved model is as fast without training.
"""

import os
import platform
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench_deep import FORMS, MODEL, sample, seal
from common import print_table, start
from half_layers import halve
from sides import Side
from timing import Seconds, batches, interleaved, ratio, totals

from pipeline.errors import SentimentError
from pipeline.handlers.loading import load_current
from pipeline.models.hardware import Hardware, count_cores
from pipeline.models.transformer.hub import get_model

KINDS = ("amx_int8", "amx"), ("avx512_vnni", "vnni"), ("avx_vnni", "vnni"), ("avx512f", "avx512")
REVIEWS, ROUNDS, SINGLE = 512, 4, 50
LIMIT_SECONDS = 900.0
SHORT = "정말 재밌게 잘봤습니다!"
WHOLE, HALF = "all layers", "every other"


def main() -> None:
    """Seal all forms of both models; for each number of threads, time all in turns."""
    cores = os.sched_getaffinity(0)
    options, corpus = start(__doc__)
    os.sched_setaffinity(0, cores)  # more than one thread is measured here
    print(f"CPU kind: {cpu_kind()}; {count_cores()} cores may be used\n")
    try:
        folder = get_model(os.environ.get("BENCH_MODEL", MODEL)).folder
    except SentimentError as error:
        print(f"Left out: {error} BENCH_MODEL may name a folder.")
        return
    half = options.models / f"half-{folder.name}"
    if not (half / "config.json").exists():
        halve(folder, half)
    roots = {WHOLE: seal(str(folder), options.models), HALF: seal(str(half), options.models)}
    texts, _ = sample(corpus, 24 if options.quick else REVIEWS)
    for threads in thread_numbers():
        compare(roots, texts, threads, 3 if options.quick else SINGLE)


def compare(roots: dict[str, dict[str, str]], texts: list[str], threads: int, calls: int) -> None:
    """Print a row for each form, with its ratios to the first form and to the halved model."""
    sides = {
        f"{form}, {layers}": load(roots[layers][form], threads)
        for form in FORMS
        for layers in (WHOLE, HALF)
    }
    rounds = {side: batches(texts, len(texts) // ROUNDS, 1, ROUNDS) for side in sides}
    seconds = interleaved(sides, rounds, LIMIT_SECONDS)
    single = interleaved(sides, {side: [[[SHORT]]] * calls for side in sides})
    first = next(iter(sides))
    header = ["threads", "form", "reviews/s (median)", f"{first}: time ÷ its", "halved: × as fast"]
    rows = [
        [
            str(threads),
            side,
            f"{len(texts) / ROUNDS / median(totals(seconds[side])):,.1f}",
            f"{ratio(seconds, first, side)[0]:.2f}×",
            halved(seconds, side),
            f"{1000 * median(totals(single[side])):.1f} ms",
            halved(single, side),
        ]
        for side in sides
    ]
    print_table([*header, "1 review: p50", "halved: × as fast, 1 review"], rows)


def halved(seconds: Seconds, side: str) -> str:
    """How many times as fast the halved model of the same form is, beside the whole one's row."""
    form, _, layers = side.rpartition(", ")
    return f"{ratio(seconds, side, f'{form}, {HALF}')[0]:.2f}×" if layers == WHOLE else ""


def load(root: str, threads: int) -> Side:
    """The handler as it serves; the tokenizer keeps the threads of the first that was loaded."""
    handler = load_current(Path(root), "deep", hardware=Hardware(threads))
    return Side(root, handler.handle, lambda answers: [one.label == "positive" for one in answers])


def thread_numbers() -> Iterator[int]:
    """Those that BENCH_THREADS names, else powers of two and the number of cores."""
    if named := os.environ.get("BENCH_THREADS"):
        yield from map(int, named.split(","))
        return
    most = count_cores()
    yield from sorted({*(2**power for power in range(most.bit_length())), most})


def cpu_kind() -> str:
    """What its units for 8-bit products are: amx, vnni, avx512 or avx2; else unknown."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.is_file() else []
    flags = next((set(line.split()) for line in lines if line.startswith("flags")), set())
    for flag, kind in (*KINDS, ("avx2", "avx2")):
        if flag in flags:
            return kind
    return f"unknown ({platform.machine()})"


if __name__ == "__main__":
    main()
