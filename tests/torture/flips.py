"""Every single-bit flip and every truncation of every file of a small artifact."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from pipeline.artifacts.pointer import CURRENT
from pipeline.artifacts.verification import ANY, MANIFEST, SIGNATURE, Trust
from pipeline.errors import ArtifactRefused, ModelMissing
from pipeline.handlers.loading import load_current, load_folder
from tests.torture.small import Small
from tests.torture.tally import Tally

Load = Callable[[Path, Trust], object]
Damage = Iterator[tuple[str, bytes]]


def flip_all(small: Small, scratch: Path, step: int = 1, load: Load = load_folder) -> list[Tally]:
    """Damage a copy of the artifact in each way, every `step`-th place; nothing may load.

    Three times: under its digest's name; under another name, with its signature demanded; and the
    manifest with neither, where a changed description may load, but nothing else than load or be
    refused.
    """
    named = Path(shutil.copytree(small.folder, scratch / small.folder.name))
    (named / SIGNATURE).unlink()
    signed = Path(shutil.copytree(small.folder, scratch / "signed"))
    bare = Path(shutil.copytree(named, scratch / "bare"))
    tallies = []
    for kind, damage in (("bit flips", bit_flips), ("truncations", truncations)):
        tallies += [
            _damage_each(f"{kind}, digest", named, ANY, damage, step, load),
            _damage_each(f"{kind}, signature", signed, small.trust, damage, step, load),
        ]
    unchecked = Tally("manifest flips, digest check off", loaded_is_fine=True)
    _damage(unchecked, bare / MANIFEST, bit_flips, step * 16 + 1, lambda: load(bare, ANY))
    return [*tallies, unchecked, flip_current(small, step)]


def flip_current(small: Small, step: int = 1) -> Tally:
    """Damage current.json; it may be refused, name nothing, or the same artifact as before."""
    tally = Tally(f"{CURRENT}, flips and truncations", loaded_is_fine=True)
    expected = small.folder

    def load() -> None:
        try:
            handler = load_current(small.root, "fast")
        except ModelMissing as error:
            raise ArtifactRefused(str(error)) from None
        if handler.folder != expected:
            raise AssertionError(f"{handler.folder} loaded")

    for damage in (bit_flips, truncations):
        _damage(tally, small.root / "fast" / CURRENT, damage, step, load)
    return tally


def bit_flips(content: bytes, step: int) -> Damage:
    """The content with each single bit flipped."""
    for bit in range(0, 8 * len(content), step):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        yield f"bit {bit}", bytes(flipped)


def truncations(content: bytes, step: int) -> Damage:
    """The content cut off at each length, and with a byte too many."""
    for length in range(0, len(content), step):
        yield f"cut at {length}", content[:length]
    yield "a byte more", content + b"\0"


def _damage_each(
    name: str,
    folder: Path,
    trust: Trust,
    damage: Callable[[bytes, int], Damage],
    step: int,
    load: Load,
) -> Tally:
    tally = Tally(name)
    for path in sorted(folder.iterdir()):
        _damage(tally, path, damage, step, lambda: load(folder, trust))
    load(folder, trust)  # mended again, it loads: so the refusals were due to the damage
    return tally


def _damage(
    tally: Tally,
    path: Path,
    damage: Callable[[bytes, int], Damage],
    step: int,
    load: Callable[[], object],
) -> None:
    original = path.read_bytes()
    for label, content in damage(original, step):
        path.write_bytes(content)
        tally.attempt(f"{path.name}, {label}", load)
    path.write_bytes(original)
