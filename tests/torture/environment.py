"""`sentiment predict` under locales, encodings and surroundings of all kinds: the same answers.

Each trial gives the same reviews as arguments, as a file with a Korean name and through standard
input, in a process of its own. Answers must be those of an ordinary environment, nothing may end in
a traceback, and where a stream that is needed is closed, the command ends with 5.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from tests.support.paths import ROOT
from tests.torture.small import Small
from tests.torture.tally import table

TEXTS = ("정말 재밌다", "별로였다 ㅠㅠ", "cafe good")
SECONDS = 60.0
UTF8, KOREAN = "utf-8", "euc_kr"
NAMES = ("LANG", "LC_ALL", "LC_CTYPE", "PYTHONUTF8", "PYTHONIOENCODING", "PYTHONCOERCECLOCALE")

LOCALES: dict[str, dict[str, str]] = {
    "C.UTF-8": {"LC_ALL": "C.UTF-8"},
    "C": {"LC_ALL": "C"},
    "C without UTF-8": {"LC_ALL": "C", "PYTHONUTF8": "0"},
    "C without coercion": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "none": {},
    "unknown": {"LC_ALL": "xx_YY.nothing", "PYTHONUTF8": "0"},
    "ASCII streams": {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "ascii"},
    "Korean streams": {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "euc_kr"},
    "Korean": {"LC_ALL": "ko_KR.EUC-KR"},
}
ODD: dict[str, dict[str, str | None]] = {
    "": {},
    "HOME unset": {"HOME": None},
    "HOME missing": {"HOME": "/nonexistent"},
    "TMPDIR missing": {"TMPDIR": "/nonexistent"},
    "TMPDIR read-only": {"TMPDIR": "/proc"},
    "COLUMNS=1": {"COLUMNS": "1"},
    "COLUMNS no number": {"COLUMNS": "wide"},
    "NO_COLOR": {"NO_COLOR": "1"},
    "unbuffered": {"PYTHONUNBUFFERED": "1"},
    "PATH empty": {"PATH": ""},
}
CLOSED = ("", "<&-", ">&-", "2>&-", "<&- >&- 2>&-")
WAYS = ("arguments", "file", "standard input", "file to file")


@dataclass(frozen=True)
class Surroundings:
    """A locale, odd variables, closed streams, and the way in which texts are given."""

    locale: str
    odd: str = ""
    closed: str = ""
    way: str = "file"

    @property
    def encoding(self) -> str:
        """In which a person writes arguments there."""
        return KOREAN if self.locale == "Korean" else UTF8

    @property
    def code(self) -> int:
        """With what the command has to end."""
        needs_input = self.way == "standard input" and "<" in self.closed
        needs_output = self.way != "file to file" and " >" in f" {self.closed}"
        return 5 if needs_input or needs_output else 0

    def variables(self, locales: Path) -> dict[str, str]:
        """The environment; `locales`: the folder of those that were built."""
        inherited = {name: value for name, value in os.environ.items() if name not in NAMES}
        changed = {**inherited, **LOCALES[self.locale], **ODD[self.odd], "LOCPATH": str(locales)}
        if self.locale != "Korean":
            del changed["LOCPATH"]
        return {name: value for name, value in changed.items() if value is not None}


FOUND = (
    Surroundings("C without UTF-8", way="arguments"),
    Surroundings("C.UTF-8", closed=">&-"),
    Surroundings("C.UTF-8", closed="<&-", way="standard input"),
)
"""Surroundings each of which finds that they are taken as they are."""


@dataclass
class Result:
    """How a trial ended."""

    surroundings: Surroundings
    problems: list[str] = field(default_factory=list)


def why_not(locale: str) -> str | None:
    """Why nothing can be tried under this locale, None if it can."""
    if locale != "Korean":
        return None
    has_sources = Path("/usr/share/i18n/locales/ko_KR").exists() and shutil.which("localedef")
    return None if has_sources else "localedef, or what it makes ko_KR from, is not installed"


def all_surroundings() -> list[Surroundings]:
    """Each locale with all else as usual, in all ways; each oddity, or what is closed, with two."""
    locales = [Surroundings(name, way=way) for name, way in product(LOCALES, WAYS)]
    pair = ("C.UTF-8", "C without UTF-8")
    odd = [Surroundings(*of) for of in product(pair, ODD, CLOSED[:1], WAYS)]
    closed = [Surroundings(*of) for of in product(pair, ("", "HOME unset"), CLOSED, WAYS)]
    return [one for one in dict.fromkeys(locales + odd + closed) if why_not(one.locale) is None]


def try_surroundings(
    small: Small, scratch: Path, chosen: list[Surroundings], bug: str = "none"
) -> Iterator[Result]:
    """Run these."""
    locales = scratch / "locales"
    if any(one.locale == "Korean" for one in chosen):
        locales.mkdir()
        name = str(locales / "ko_KR.EUC-KR")
        build = ["localedef", "-i", "ko_KR", "-f", "EUC-KR", name]
        subprocess.run(build, check=True, capture_output=True)
    wanted = _answers(_run(small, scratch / "usual", Surroundings("C.UTF-8"), locales, "none"))
    for number, one in enumerate(chosen):
        folder = scratch / str(number)
        done = _run(small, folder, one, locales, bug)
        yield Result(one, list(_judge(one, folder, done, wanted)))


def _run(
    small: Small, folder: Path, one: Surroundings, locales: Path, bug: str
) -> "subprocess.CompletedProcess[bytes]":
    folder.mkdir()
    name = "영화평.txt".encode(one.encoding)
    given = "".join(f"{text}\n" for text in TEXTS).encode()
    Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(given)
    inputs = {
        "arguments": [part for text in TEXTS for part in (b"--text", text.encode(one.encoding))],
        "file": [name],
        "standard input": [b"-"],
        "file to file": [name, b"-o", "결과.jsonl".encode(one.encoding)],
    }[one.way]
    program = [sys.executable, "-m", "tests.torture.planted_outputs", bug, "predict", "--fast"]
    program += ["--artifacts", str(small.root)]
    words = [*map(os.fsencode, program), *inputs]
    return subprocess.run(
        [shutil.which("bash") or "bash", "-c", f'"$@" {one.closed}', "bash", *words],
        cwd=folder,
        env={**one.variables(locales), "PYTHONPATH": str(ROOT)},
        input=given,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )


def _judge(
    one: Surroundings,
    folder: Path,
    done: "subprocess.CompletedProcess[bytes]",
    wanted: list[tuple[str, float]],
) -> Iterator[str]:
    if done.returncode != one.code or b"Traceback" in done.stderr or b"ignored" in done.stderr:
        yield f"ended with {done.returncode}: {done.stderr[-300:]!r}"
    elif one.code == 0:
        if one.way == "file to file":
            name = os.fsencode(folder) + b"/" + "결과.jsonl".encode(one.encoding)
            done.stdout = Path(os.fsdecode(name)).read_bytes()
        if (found := _answers(done)) != wanted:
            yield f"answered {found}, not {wanted}"


def _answers(done: "subprocess.CompletedProcess[bytes]") -> list[tuple[str, float]]:
    """Texts, labels and confidences."""
    try:
        rows = [json.loads(line) for line in done.stdout.decode().splitlines()]
    except UnicodeDecodeError:  # as of a terminal of this encoding
        rows = [json.loads(line) for line in done.stdout.decode(KOREAN).splitlines()]
    labels = ("predicted_label", "label")
    return [(r["text"], next(r[n] for n in labels if n in r), r["confidence"]) for r in rows]


def report_environment(results: list[Result]) -> bool:
    """Print how many trials there were of each locale; return whether nothing is wrong."""
    rows = []
    for locale in LOCALES:
        of = [result for result in results if result.surroundings.locale == locale]
        closed = sum(result.surroundings.code == 5 for result in of)
        bad = sum(bool(result.problems) for result in of)
        rows.append([locale, *map(str, (len(of), closed, bad))])
        if reason := why_not(locale):
            print(f"Nothing is tried under the locale {locale}: {reason}.")
    print(table(("locale", "runs", "stream closed", "problems"), rows), flush=True)
    for result in results:
        for problem in result.problems[:3]:
            print(f"  {result.surroundings}: {problem}")
    return not any(result.problems for result in results)
