"""Random mutants of a joblib payload, loaded without a look at its digest, in child processes.

Each mutant follows from the seed and its number alone: `mutant(bases, seed, number)`.
"""

import json
import pickle
import random
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.artifacts.verification import PARAMETERS, read_manifest
from pipeline.models.linear import LinearModel
from tests.torture.hostile_pickles import hostile_pickles
from tests.torture.planted import LOADERS
from tests.torture.small import Small
from tests.torture.tally import Tally
from tests.torture.watching import Watch, confine, hand_over, in_child

SETTINGS = "settings.json"
BATCH = 5_000
LOOKED_INTO = 100
TEXTS = ["정말 재밌게 잘봤습니다!", ""]
OPCODES = [
    value[0] for name, value in vars(pickle).items() if name.isupper() and type(value) is bytes
]
Mutation = Callable[[random.Random, bytearray, list[bytes]], None]


def mutate_many(
    small: Small, scratch: Path, count: int, seed: int, loader: str = "product"
) -> Tally:
    """Load `count` mutants; what loads must hold numbers, texts and built-in containers only."""
    manifest, _ = read_manifest(small.folder)
    (scratch / SETTINGS).write_text(json.dumps(manifest.settings))
    payload = small.folder / PARAMETERS
    total = Tally("mutants of the parameters, digest check off", loaded_is_fine=True)
    for start in range(0, count, BATCH):
        numbers = (start, min(start + BATCH, count))
        arguments = (payload, scratch, seed, *numbers, loader)
        total.add(in_child("tests.torture.mutants", *arguments))
    return total


def mutant(bases: list[bytes], seed: int, number: int) -> bytes:
    """The first base, or at times another one, changed one to four times."""
    chance = random.Random(f"{seed}-{number}")
    content = bytearray(bases[0] if chance.random() < 0.8 else chance.choice(bases))
    for _ in range(chance.randint(1, 4)):
        chance.choice(MUTATIONS)(chance, content, bases)
    return bytes(content)


def _place(chance: random.Random, content: bytearray) -> int:
    """Any place, but mostly one in the instructions, which come first and last."""
    if chance.random() < 0.75:
        return chance.choice([chance.randrange(250), -chance.randrange(1, 40)]) % (len(content) + 1)
    return chance.randrange(len(content) + 1)


def _flip(chance: random.Random, content: bytearray, _: list[bytes]) -> None:
    place = _place(chance, content)
    content[place : place + 1] = bytes(b ^ 1 << chance.randrange(8) for b in content[place:][:1])


def _replace(chance: random.Random, content: bytearray, _: list[bytes]) -> None:
    place = _place(chance, content)
    content[place : place + 1] = chance.choice([b"\0", b"\xff", chance.randbytes(1)])


def _insert(chance: random.Random, content: bytearray, _: list[bytes]) -> None:
    place = _place(chance, content)
    content[place:place] = chance.randbytes(chance.randint(1, 8))


def _delete(chance: random.Random, content: bytearray, _: list[bytes]) -> None:
    place = _place(chance, content)
    del content[place : place + chance.randint(1, 8)]


def _swap(chance: random.Random, content: bytearray, _: list[bytes]) -> None:
    a, b, c = sorted(_place(chance, content) for _ in range(3))
    content[a:c] = content[b:c] + content[a:b]


def _repeat(chance: random.Random, content: bytearray, _: list[bytes]) -> None:
    a, b = sorted(_place(chance, content) for _ in range(2))
    content[b:b] = content[a:b] * chance.randint(1, 3)


def _instruct(chance: random.Random, content: bytearray, _: list[bytes]) -> None:
    place = _place(chance, content)
    content[place : place + chance.randrange(2)] = bytes([chance.choice(OPCODES)])


def _splice(chance: random.Random, content: bytearray, bases: list[bytes]) -> None:
    other = chance.choice(bases)[:2000]
    a, b = sorted(chance.randrange(len(other) + 1) for _ in range(2))
    place = _place(chance, content)
    content[place : place + chance.choice([0, b - a])] = other[a:b]


MUTATIONS: list[Mutation] = [
    *(_flip, _replace, _insert, _delete, _swap, _repeat, _instruct, _splice),
]


def is_plain(value: Any, seen: set[int]) -> bool:
    """Whether it is made of numbers, texts, numeric arrays and built-in containers alone."""
    if isinstance(value, np.ndarray):
        return type(value) is np.ndarray and value.dtype.kind in "biuf"
    if type(value) not in (dict, list, tuple):
        return type(value) in (bool, int, float, str, type(None))
    if id(value) in seen or len(seen) > LOOKED_INTO:
        return True
    seen.add(id(value))
    inner = [*value, *value.values()] if type(value) is dict else value
    return all(is_plain(item, seen) for item in inner)


def use(load: Callable[[bytes], object], content: bytes, settings: dict[str, Any]) -> None:
    """All that happens to a payload after its digest was checked."""
    value = load(content)
    if not is_plain(value, set()):
        raise AssertionError(f"it holds something else than plain data: {type(value)}")
    LinearModel.from_parts(value, settings).probabilities(TEXTS)


def main(payload: Path, scratch: Path, seed: int, start: int, end: int, loader: str) -> None:
    """Child process: load the mutants from `start` to `end`."""
    bases = [payload.read_bytes(), *hostile_pickles(scratch / "canary").values()]
    settings = json.loads((scratch / SETTINGS).read_text())
    tally, watch = Tally("mutants", loaded_is_fine=True), Watch()
    use(LOADERS["product"], bases[0], settings)  # now all is imported
    confine()
    for number in range(start, end):
        content = mutant(bases, seed, number)
        if number % 100 == 0:
            print(f"about mutant {number}", flush=True)
        with watch.on():
            tally.attempt(f"mutant {number}", partial(use, LOADERS[loader], content, settings))
    tally.executions = len(watch.events) + (scratch / "canary").exists()
    hand_over(tally)


if __name__ == "__main__":
    seed, start, end = map(int, sys.argv[3:6])
    main(Path(sys.argv[1]), Path(sys.argv[2]), seed, start, end, sys.argv[6])
