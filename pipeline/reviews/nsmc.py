"""NSMC, the Naver sentiment movie corpus, as published (CC0, github.com/e9t/nsmc)."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InvalidInput

UPSTREAM = "https://raw.githubusercontent.com/e9t/nsmc/master"


@dataclass(frozen=True)
class NsmcFile:
    """One file of the corpus as its authors published it."""

    name: str
    size: int
    sha256: str
    rows: int


TRAIN = NsmcFile(
    "ratings_train.txt",
    14_628_807,
    "e03b7d14e9e41be8d464a28057cd25d7396c53e67aa7fd5f7e552c59b0ee2940",
    150_000,
)
TEST = NsmcFile(
    "ratings_test.txt",
    4_893_335,
    "8ac9f64052f11dbf6ae0acb5e038f03d90a76f0eda7820cfb3a92d02edfcebda",
    50_000,
)
NSMC = (TRAIN, TEST)


def find_split(data: Path, test_file: Path | None = None) -> tuple[Path, Path | None]:
    """Return (file to train on, file to test on or None) for a folder with NSMC or a labelled file.

    `test_file` is taken rather than NSMC's own. Raises InvalidInput if the folder does not hold
    NSMC.
    """
    if data.is_file():
        return data, test_file
    train, test = data / TRAIN.name, data / TEST.name
    if not train.is_file():
        raise InvalidInput(
            f"No {TRAIN.name} in {data}. Get NSMC with `sentiment data --to {data}`, "
            "or name a labelled file with --data FILE."
        )
    return train, test_file or (test if test.is_file() else None)
