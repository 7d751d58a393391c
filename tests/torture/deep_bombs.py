"""Deep artifacts and folders that harm whoever loads them: each has to be refused in a sentence.

`load_bombs` has hand-made ones, `mutate_deep` random mutants. All go the product's way, through a
child process with limits, which is made anew where one of them has killed it.
"""

import resource
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.artifacts.golden import golden_texts
from pipeline.artifacts.pointer import current_artifact
from pipeline.artifacts.verification import ANY, NETWORK, TOKENIZER, load_artifact
from pipeline.confinement import Limits
from pipeline.errors import SentimentError
from pipeline.handlers.loading import check_folder
from pipeline.handlers.trial import MEMORY, ONNX_TRIALS, TORCH_TRIALS
from pipeline.models.transformer.hub import get_model
from pipeline.models.transformer.pretrained import read_config
from pipeline.workflows.converting import convert
from pipeline.workflows.pulling import positive_output, pull
from pipeline.workflows.sealing import Form
from tests.support.tiny_models import make_model
from tests.torture.deep_bomb_served import serve_bomb
from tests.torture.deep_folders import damaged_folders
from tests.torture.deep_forgeries import forge, forged_files
from tests.torture.mutants import mutant
from tests.torture.tally import Tally, report

LONGEST = 30.0
"""Seconds that a refusal may take, when the child has loaded its libraries."""
LIBRARIES = 2**30
"""Bytes that the libraries take, torch among them, before a trial begins."""

Load = Callable[[Path], object]


@dataclass(frozen=True)
class Deep:
    """A small model: its folder in Hugging Face's format, and artifacts of it for both engines."""

    folder: Path
    onnx: Path
    torch: Path


def make_deep(root: Path) -> Deep:
    """Make a model and seal it twice."""
    folder = make_model(root / "model", "bert")
    pull(str(folder), root / "onnx", form=Form(precision="fp32"))
    pull(str(folder), root / "torch", form=Form(engine="torch"))
    return Deep(folder, *(current_artifact(root / name, "deep") for name in ("onnx", "torch")))


def torture(scratch: Path, mutants: int, seed: int) -> bool:
    """All of it; whether it is clean, and whether the planted bugs were found."""
    deep = make_deep(scratch / "deep")
    for name in ("forged", "damaged", "mutants", "planted"):
        (scratch / name).mkdir()
    tallies = [load_bombs(deep, scratch / "forged"), pull_damaged(deep, scratch / "damaged")]
    tallies += mutate_deep(deep, scratch / "mutants", mutants, seed)
    tallies.append(serve_bomb(deep, scratch / "served"))
    note_memory(tallies[0])
    is_clean = report(tallies)
    found = planted(deep, scratch / "planted")
    for name, is_found in found.items():
        print(f"planted: {name}: {'found' if is_found else 'NOT FOUND'}")
    return is_clean and all(found.values())


def planted_alone(scratch: Path) -> dict[str, bool]:
    """`planted`, with a model made for it."""
    (scratch / "planted").mkdir()
    return planted(make_deep(scratch / "deep"), scratch / "planted")


def planted(deep: Deep, scratch: Path) -> dict[str, bool]:
    """Whether the harness finds loaders that let errors through, and that limit no memory."""
    errors = load_bombs(deep, scratch, load_bare, only="tokenizer: no unknown")
    memory = load_bombs(deep, scratch, load_unlimited, only="network: 2.5 GB")
    note_memory(memory)
    return {
        "errors of the libraries pass": bool(errors.problems),
        "memory without a limit": any("MiB" in problem for problem in memory.problems),
    }


def load_bare(folder: Path) -> None:
    """Build and ask the tokenizer, and translate no error."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(load_artifact(folder).files[TOKENIZER].decode())
    tokenizer.encode_batch(golden_texts())


def load_unlimited(folder: Path) -> None:
    """Replay in a child, with limits that nothing passes."""
    arguments = {"folder": str(folder), "digest": folder.name}
    others = {"trust": ANY.to_record()}
    function = "pipeline.handlers.trial:replay_artifact"
    ONNX_TRIALS.call(function, {**arguments, **others}, Limits(2**40, 60, 60))


def load_bombs(deep: Deep, scratch: Path, load: Load = check_folder, only: str = "") -> Tally:
    """Load each forged artifact; all must be refused, soon, and with a bounded memory.

    `only`: those whose name begins like this.
    """
    tally = Tally("forged deep artifacts")
    for good in (deep.onnx, deep.torch):
        check_folder(good)  # so that the children have loaded their libraries
    for name, source, files in forged_files(deep.onnx, deep.torch):
        if name.startswith(only):
            folder = forge(source, scratch, files)
            attempt(tally, name, lambda folder=folder: load(folder))  # type: ignore[misc]
            shutil.rmtree(folder)
    return tally


def pull_damaged(deep: Deep, scratch: Path) -> Tally:
    """Convert each damaged folder as `pull` does; what changes no answer may pass."""
    tally = Tally("damaged model folders", loaded_is_fine=True)
    for name, damage in damaged_folders():
        folder = Path(shutil.copytree(deep.folder, scratch / "damaged"))
        damage(folder)
        attempt(tally, name, lambda folder=folder: converted(folder))  # type: ignore[misc]
        shutil.rmtree(folder)
    return tally


def converted(folder: Path) -> object:
    """What `pull` does with a folder before it measures and seals."""
    download = get_model(str(folder))
    return convert(download, positive_output(read_config(download.folder)))


def mutate_deep(
    deep: Deep, scratch: Path, count: int, seed: int, load: Load = check_folder
) -> Iterator[Tally]:
    """Load `count` mutants of each kind of file; what loads is fine, as a comma may change none."""
    files = load_artifact(deep.onnx).files
    for name in (TOKENIZER, NETWORK):
        tally = Tally(f"mutants of {name}", loaded_is_fine=True)
        for number in range(count):
            content = mutant([files[name]], seed, number)
            folder = forge(deep.onnx, scratch, {name: content})
            attempt(tally, f"mutant {number}", lambda folder=folder: load(folder))  # type: ignore[misc]
            shutil.rmtree(folder)
        yield tally
    for name in ("model.safetensors", "config.json"):
        tally = Tally(f"mutants of a folder's {name}", loaded_is_fine=True)
        good = (deep.folder / name).read_bytes()
        end = 8 + int.from_bytes(good[:8], "little") if name.endswith("s") else len(good)
        for number in range(count):
            folder = Path(shutil.copytree(deep.folder, scratch / "mutant"))
            (folder / name).write_bytes(mutant([good[:end]], seed, number) + good[end:])
            attempt(tally, f"mutant {number}", lambda folder=folder: converted(folder))  # type: ignore[misc]
            shutil.rmtree(folder)
        yield tally


def attempt(tally: Tally, name: str, load: Callable[[], object]) -> None:
    """Try to load; a SentimentError of one line within LONGEST is what may come of it."""
    started = time.perf_counter()
    tally.tried += 1
    try:
        load()
    except SentimentError as error:
        tally.refused += 1
        if "\n" in str(error):
            tally.problems.append(f"{name}: says more than a line: {error}")
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        tally.problems.append(f"{name}: {type(error).__name__}: {error}")
    else:
        tally.load(name)
    if (seconds := time.perf_counter() - started) > LONGEST:
        tally.problems.append(f"{name}: took {seconds:.0f} s")


def note_memory(tally: Tally) -> None:
    """A problem if a child of this process has ever had more memory than is allowed."""
    for trials in (ONNX_TRIALS, TORCH_TRIALS):
        trials.close()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    print(f"largest child: {peak / 2**20:,.0f} MiB")
    if peak > MEMORY + LIBRARIES:
        tally.problems.append(f"a child took {peak / 2**20:,.0f} MiB")
