"""A server whose current deep artifact is a bomb: its fast model is swapped and answers."""

import os
import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.artifacts.pointer import current_artifact, make_current
from pipeline.artifacts.store import PREVIOUS, use_artifact
from pipeline.artifacts.verification import NETWORK, load_artifact
from pipeline.handlers.loading import check_folder
from pipeline.workflows.sealing import serialize
from tests.support.served import Served, served
from tests.support.waiting import wait_until
from tests.torture.deep_forgeries import forge, networks
from tests.torture.small import make_small
from tests.torture.tally import Tally

if TYPE_CHECKING:
    from tests.torture.deep_bombs import Deep

SWAP_SECONDS = 10.0
BOMB = "products without end"


def make_store(deep: "Deep", root: Path, bomb: str = BOMB) -> tuple[str, str]:
    """A store with two fast artifacts, a deep one and a bomb; (digest of the good one, bomb's)."""
    small = make_small(root)
    serialize(root, small.newer, root)
    shutil.copytree(deep.onnx, root / "deep" / deep.onnx.name)
    make_current(root / "deep", deep.onnx.name)
    network = networks(load_artifact(deep.onnx).files[NETWORK])[bomb]
    return deep.onnx.name, forge(deep.onnx, root / "deep", {NETWORK: network}).name


def serve_bomb(deep: "Deep", root: Path, bomb: str = BOMB) -> Tally:
    """Make the bomb current while it serves; swap the fast model, kill the workers, mend it."""
    tally = Tally("a bomb in a running server", loaded_is_fine=True)
    good, forged = make_store(deep, root, bomb)
    with served(root, "--workers", "2", "--no-request-log") as server:
        make_current(root / "deep", forged)
        use_artifact(root, PREVIOUS, check_folder, "fast")
        wanted = current_artifact(root, "fast").name[:12]
        _note(tally, "the fast model is swapped", lambda: wanted in _fast(server), SWAP_SECONDS)
        _note(tally, "the bomb is refused", lambda: server.logged("model_refused") >= 2, 60)
        old = set(server.workers())
        for worker in old:
            os.kill(worker, signal.SIGKILL)
        _note(tally, "it is up again", lambda: _is_up(server, old), 60)
        make_current(root / "deep", good)
        _note(tally, "the good one is back", lambda: server.get("/readyz")[0] == 200, 60)
        _note(tally, "no core is busy", lambda: _load(server) < 0.2, 30)
    return tally


def _note(tally: Tally, name: str, is_so: object, seconds: float) -> None:
    tally.tried += 1
    try:
        wait_until(is_so, seconds)  # type: ignore[arg-type]
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        tally.problems.append(f"{name}: not within {seconds:.0f} s")


def _fast(server: Served) -> str:
    name: str = server.get("/readyz")[1]["models"]["fast"]
    return name


def _is_up(server: Served, old: set[int]) -> bool:
    workers = set(server.workers())
    if len(workers) < 2 or workers & old:
        return False
    status, record = server.get("/readyz")
    return status == 503 and "fast" in record["models"] and record["missing"] == ["deep"]


def _load(server: Served) -> float:
    """Cores that the server's processes are busy with."""
    before, started = _ticks(server), time.perf_counter()
    time.sleep(1.0)
    ticks = (_ticks(server) - before) / os.sysconf("SC_CLK_TCK")
    return ticks / (time.perf_counter() - started)


def _ticks(server: Served) -> int:
    """Of the processor, of the workers and all that they have started."""
    found, group = 0, [server.process.pid, *server.workers()]
    for process in group:
        for task in Path(f"/proc/{process}/task").iterdir():
            group += map(int, (task / "children").read_text().split())
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        found += int(fields[11]) + int(fields[12])
    return found
