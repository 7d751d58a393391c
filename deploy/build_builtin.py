"""Make a run of the fast model the built-in one: `python deploy/build_builtin.py ROOT RUN`.

The present one is of

    sentiment train --data NSMC --unlabelled REVIEWS --teacher DIGEST --artifacts ROOT

on NSMC (CC0) and 472,985 reviews of its upstream (CC0), which `sentiment data --unlabelled` gets;
its manifest names the teacher. Time, id and commit of the run are fixed, so that the same run gives
the same digest, whoever seals it when.
"""

import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from pipeline.artifacts.builtin import DIGEST, ROOT, SLOT
from pipeline.artifacts.runs import find_run, load_run, save_run
from pipeline.workflows.sealing import serialize

FIXED = {"id": "builtin", "created_at": "2026-11-26T00:00:00.000+00:00", "git_commit": None}


def seal(folder: Path, scratch: Path) -> Path:
    """Seal the run in this folder under `scratch`, as the built-in model; return its folder."""
    run, files = load_run(folder)
    save_run(scratch, replace(run, **FIXED), files)
    return scratch / SLOT / serialize(scratch, None, scratch)


def main() -> None:
    """Put the model into the package, and say whether its digest is the one that the code names."""
    root, run = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        built = seal(find_run(Path(root), run), Path(scratch))
        shutil.rmtree(ROOT, ignore_errors=True)
        shutil.copytree(built, ROOT / SLOT / built.name)
        print(built.name)
        if built.name != DIGEST:
            sys.exit(f"The code names {DIGEST}: set DIGEST in pipeline/artifacts/builtin.py.")


if __name__ == "__main__":
    main()
