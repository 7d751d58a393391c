"""One KoNLPy analyzer in a Java virtual machine of its own: the program of a child process.

`python -P analyzer_child.py ANALYZER LIBJVM PARENT_PID`. The first line out is `"ready"`; then for
each line in, a JSON list of texts, a line out for each text, a JSON list of morphemes, each with
its tag. Ends when its input ends, or its parent. Imports nothing of this package, so that it starts
quickly and needs no path but the interpreter's own.
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
    "-Xrs",  # or Java would take SIGINT and SIGTERM for itself
    "-Xmx1024m",
    "-XX:+UseSerialGC",  # one analyzer is one thread; parallel collectors only add more
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",  # leaves no file in /tmp
    "-XX:+SuppressFatalErrorMessage",  # nor one in the working directory
    "-Dfile.encoding=UTF-8",
    "-Djava.awt.headless=true",
)
STACK_BYTES = 256 * 2**20  # reserved, not used: analyzers recurse, and `ulimit -s` must not matter
ORPHAN_POLL_SECONDS = 1.0


def main(name: str, library: str, parent: int) -> None:
    """Serve until the input ends. Never returns: a hanging analyzer must not keep it alive."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # some analyzers print
    requests: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_exit_when_orphaned, args=(parent,), daemon=True).start()
    threading.stack_size(STACK_BYTES)
    threading.Thread(target=_serve, args=(name, library, requests, answers), daemon=True).start()
    for line in sys.stdin.buffer:
        requests.put(line)
    os._exit(0)


def _exit_when_orphaned(parent: int) -> None:
    """The input does not end where a forked sibling holds the other end of the pipe."""
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

    jpype.config.destroy_jvm = False  # it would wait for the analyzer's threads
    jpype.startJVM(library, *JVM_OPTIONS, classpath=_classpath(), convertStrings=True)
    import konlpy.tag

    analyzer = getattr(konlpy.tag, CLASSES[name])()
    analyzer.pos("영화")  # some read their dictionaries only now
    return analyzer


def _classpath() -> list[str]:
    """As in `konlpy.jvm.init_jvm`, which knows none of the options above."""
    package = find_spec("konlpy")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("konlpy")
    folder = Path(package.origin).parent / "java"
    return [str(folder), str(folder / "bin"), str(folder / "*")]


def _morphemes(analyzer: Any, text: str) -> list[tuple[str, str]]:
    """Morphemes of a text and their tags, its words where the analyzer throws or finds nothing.

    Characters beyond the basic plane, such as emoji, stand for themselves: Komoran and Kkma tear
    their surrogates apart. Java's errors (no memory, no stack) depend on more than the text, so
    they end the process.
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
