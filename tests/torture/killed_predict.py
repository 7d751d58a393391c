"""`sentiment` with small chunks and many checkpoints, so that a kill meets all of them; a bug
may be planted: `python -m tests.torture.killed_predict BUG SECONDS_BETWEEN_CHECKPOINTS predict …`.
"""

import sys
from pathlib import Path
from typing import IO

from cli.main import main
from pipeline.batch import scoring
from pipeline.batch.output import writing
from pipeline.batch.output.output_files import OutputFiles


def keep_tail(_: OutputFiles, path: Path, size: int) -> IO[bytes]:
    """As `open_at`, but what was written behind the checkpoint stays."""
    file = path.open("r+b" if size else "w+b")
    file.seek(0, 2)
    return file


def save_early(output: writing.FileOutput) -> None:
    """As `save`, but the journal is written before what it speaks of."""
    if output.journal is not None:
        output.journal.write(output.checkpoint)
    output.rows.flush()
    output.rejects.flush()


BUGS = {
    "none": lambda: None,
    "keep-tail": lambda: setattr(OutputFiles, "open_at", keep_tail),
    "save-early": lambda: setattr(writing.FileOutput, "save", save_early),
}

if __name__ == "__main__":
    BUGS[sys.argv.pop(1)]()
    writing.SECONDS_BETWEEN_CHECKPOINTS = float(sys.argv.pop(1))
    scoring.CHUNK_BYTES["fast"] = 2**13
    main()
