"""One KoNLPy analyzer in a Java virtual machine of its own: the program of a child process.

`python -P analyzer_child.py ANALYZER LIBJVM PARENT_PID`. The first line of output is `"ready"`.
Each line of input is a JSON list of texts, answered by one line per text: a JSON list of morphemes,
each with its tag. The program ends when its input ends or its parent does. It imports nothing of
this package, so that it starts quickly and needs no path but the interpreter's own.
"""

import json
import os
import signal
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TextIO

CLASSES = {"okt": "Okt", "komoran": "Komoran", "hannanum": "Hannanum", "kkma": "Kkma"}

JVM_OPTIONS = (
    "-Xrs",  # else Java handles SIGINT and SIGTERM itself
    "-Xmx1024m",
    "-XX:+UseSerialGC",  # an analyzer is one thread; parallel collectors would only add others
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",  # else a file is left in /tmp
    "-XX:+SuppressFatalErrorMessage",  # else a crash leaves a file in the working directory
    "-Dfile.encoding=UTF-8",
    "-Djava.awt.headless=true",
)
STACK_BYTES = 256 * 2**20  # reserved, not used: analyzers recurse, and `ulimit -s` must not matter
ORPHAN_POLL_SECONDS = 1.0


def main(name: str, library: str, parent: int) -> None:
    """Serve until the input ends, then exit at once: a hanging analyzer must not delay that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what an analyzer prints must not mix with the answers
    requests: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_exit_when_orphaned, args=(parent,), daemon=True).start()
    threading.stack_size(STACK_BYTES)
    threading.Thread(target=_serve, args=(name, library, requests, answers), daemon=True).start()
    for line in sys.stdin.buffer:
        requests.put(line)
    os._exit(0)


def _exit_when_orphaned(parent: int) -> None:
    """Watch the parent, too: the input does not end while a forked sibling holds the pipe open."""
    while os.name != "posix" or os.getppid() == parent:
        time.sleep(ORPHAN_POLL_SECONDS)
    os._exit(0)


def _serve(name: str, library: str, requests: "SimpleQueue[bytes]", answers: TextIO) -> None:
    try:
        analyzer = _load(name, library)
        _write(answers, "ready")
        while True:
            for text in json.loads(requests.get()):
                _write(answers, _morphemes(analyzer, text))
    except BaseException as error:
        _write(answers, {"error": f"{type(error).__name__}: {error}"})
        os._exit(1)


def _write(answers: TextIO, answer: object) -> None:
    print(json.dumps(answer), file=answers, flush=True)


def _load(name: str, library: str) -> Any:
    import jpype
    import jpype.config

    jpype.config.destroy_jvm = False  # destroying it would wait for the analyzer's threads
    jpype.startJVM(library, *JVM_OPTIONS, classpath=_classpath(), convertStrings=True)
    import konlpy.tag

    analyzer = getattr(konlpy.tag, CLASSES[name])()
    analyzer.pos("영화")  # some read their dictionaries only now
    return analyzer


def _classpath() -> list[str]:
    """The class path of `konlpy.jvm.init_jvm`, which cannot pass JVM_OPTIONS on."""
    package = find_spec("konlpy")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("konlpy")
    folder = Path(package.origin).parent / "java"
    return [str(folder), str(folder / "bin"), str(folder / "*")]


def _morphemes(analyzer: Any, text: str) -> list[tuple[str, str]]:
    """Morphemes of a text, with tags; its words where the analyzer throws or finds nothing.

    Characters beyond the basic plane, such as emoji, are a morpheme each, since Komoran and Kkma
    split their surrogate pairs. Java's errors (no memory, no stack) depend on more than the text,
    so they end the process.
    """
    import jpype

    if text[0] > "\uffff":
        return [(letter, "") for letter in text]
    try:
        found = [(morpheme, tag) for morpheme, tag in analyzer.pos(text) if morpheme]
    except jpype.JClass("java.lang.Error"):
        raise
    except Exception:
        found = []
    return found or [(word, "") for word in text.split()]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
