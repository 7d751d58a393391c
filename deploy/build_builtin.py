"""Build the built-in model from NSMC (CC0), in the folder that NSMC_DIR names.

It does what `sentiment train --data $NSMC_DIR` and `sentiment serialize` do. Time, id and commit of
the run are fixed, so that the same library versions give the same digest, whoever builds it when.
With arguments, ROOT RUN, it seals that run of `sentiment train --unlabelled …` instead.
"""

import os
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from pipeline.artifacts.builtin import DIGEST, ROOT, SLOT
from pipeline.artifacts.runs import find_run, load_run, save_run
from pipeline.training.fast import train
from pipeline.training.fitting import LinearSettings
from pipeline.workflows.sealing import serialize

FIXED = {"id": "builtin", "created_at": "2026-11-26T00:00:00.000+00:00", "git_commit": None}


def build(nsmc: Path, scratch: Path) -> Path:
    """Train and seal the model under `scratch`; return the artifact's folder."""
    trained = train(nsmc, scratch / "first", LinearSettings())
    return seal(scratch / "first" / "runs" / trained.id, scratch / "second")


def seal(folder: Path, second: Path) -> Path:
    """Seal the run in this folder under `second`, as the built-in model; return its folder."""
    run, files = load_run(folder)
    save_run(second, replace(run, **FIXED), files)
    return second / SLOT / serialize(second, None, second)


def main() -> None:
    """Put the model into the package, and say whether its digest is the one that the code names."""
    given = sys.argv[1:]
    if not given and "NSMC_DIR" not in os.environ:
        sys.exit("NSMC_DIR has to name the folder with NSMC, which `sentiment data` gets.")
    with tempfile.TemporaryDirectory() as scratch:
        if given:
            built = seal(find_run(Path(given[0]), given[1]), Path(scratch))
        else:
            built = build(Path(os.environ["NSMC_DIR"]), Path(scratch))
        shutil.rmtree(ROOT, ignore_errors=True)
        shutil.copytree(built, ROOT / SLOT / built.name)
        print(built.name)
        if built.name != DIGEST:
            sys.exit(f"The code names {DIGEST}: set DIGEST in pipeline/artifacts/builtin.py.")


if __name__ == "__main__":
    main()
