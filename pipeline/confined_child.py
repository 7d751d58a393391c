"""The program of the child process of `confinement.py`: it calls functions within limits.

`python -P -m pipeline.confined_child [LIBRARY …]`. When the libraries are loaded, it says `ready`.
Each line of input is a JSON object: `function` (`module:name`), `arguments`, `limits`. It is
answered by a line with `value`, with `error` and `message`, with `bug` and `traceback`, or with
`died`. The program ends when its input ends.
"""

import importlib
import json
import os
import select
import signal
import sys
import threading
import traceback
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.errors import SentimentError

try:
    import resource
except ImportError:  # Windows, where only the parent's limit of the time holds
    resource = None  # type: ignore[assignment]

ERRORS = SentimentError.__module__
OUT_OF_MEMORY = ("MemoryError", "bad_alloc", "Failed to allocate memory", "can't allocate memory")
"""How libraries say that there is no memory."""


def main() -> None:
    """Serve until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not mix with the answers
    preload(sys.argv[1:])
    answers.write(b"ready\n")
    answers.flush()
    serve = _in_fork if hasattr(os, "fork") else _in_thread
    while line := sys.stdin.buffer.readline():
        answers.write(serve(line) + b"\n")
        answers.flush()


def preload(libraries: Iterable[str]) -> None:
    """Import what is there; what is missing is told of, by name, where it is needed."""
    for library in libraries:
        with suppress(ImportError):
            importlib.import_module(library)


def _in_fork(line: bytes) -> bytes:
    """Answer in a fork; end with all its like as soon as the parent is gone."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        with os.fdopen(writer, "wb") as out:
            out.write(_answer(line))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb", buffering=0) as answer:
        content = _read(answer)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return json.dumps({"died": signal.Signals(os.WTERMSIG(status)).name}).encode()
    return content or json.dumps({"died": f"exit code {os.WEXITSTATUS(status)}"}).encode()


def _read(answer: Any) -> bytes:
    """All that the fork writes; while it works, the parent has nothing to say but that it ended."""
    content = b""
    while True:
        ready, _, _ = select.select([sys.stdin, answer], [], [])
        if sys.stdin in ready:
            os.killpg(0, signal.SIGKILL)
        if not (more := answer.read(2**16)):
            return content
        content += more


def _in_thread(line: bytes) -> bytes:
    """Answer in this process, which the parent's end ends; it takes one request only."""
    threading.Thread(target=_exit_at_end_of, args=(sys.stdin.buffer,), daemon=True).start()
    return _answer(line)


def _exit_at_end_of(stream: BinaryIO) -> None:
    stream.read()
    os._exit(0)


def _answer(line: bytes) -> bytes:
    request = json.loads(line)
    module, _, name = request["function"].partition(":")
    try:
        function = getattr(importlib.import_module(module), name)
        _confine(**request["limits"])
        answer = {"value": function(**request["arguments"])}
    except SentimentError as error:
        known = [kind.__name__ for kind in type(error).__mro__ if kind.__module__ == ERRORS]
        answer = {"error": known[0], "message": str(error)}
        if _is_memory(answer["message"]):
            answer = {"died": "memory"}
    except BaseException as error:  # whatever broken files make the libraries raise, panics too
        lines = str(error).strip().splitlines()
        said = f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
        answer = {"bug": said, "traceback": traceback.format_exc()}
        if _is_memory(said):
            answer = {"died": "memory"}
    return json.dumps(answer).encode()


def _is_memory(said: str) -> bool:
    return any(sign in said for sign in OUT_OF_MEMORY)


def _confine(memory: int, processor_seconds: int, **_: int) -> None:
    """Limit this process: what is writable and its own, and the processor time.

    Not the address space: the libraries reserve much more of it than they use.
    """
    if resource is None:
        return
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[5])
    except OSError:
        pages = 0
    most = pages * resource.getpagesize() + memory
    _limit(resource.RLIMIT_DATA, most, most)
    # Passing the second one ends it with a signal that does not say why.
    _limit(resource.RLIMIT_CPU, processor_seconds, processor_seconds + 1)
    _limit(resource.RLIMIT_CORE, 0, 0)


def _limit(kind: int, soft: int, hard: int) -> None:
    _, allowed = resource.getrlimit(kind)
    if allowed != resource.RLIM_INFINITY:
        soft, hard = min(soft, allowed), min(hard, allowed)
    resource.setrlimit(kind, (soft, hard))


if __name__ == "__main__":
    main()
