"""Requests to a hub, bounded in bytes, redirects and time, whatever it answers.

Bodies are asked for as they are and never decompressed, so no small answer becomes a large one.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pipeline.models.transformer.reaching import WrongAnswer

if TYPE_CHECKING:
    from httpx2 import Request, Response

REDIRECTS = 5
LARGEST_JSON = 8 * 2**20
"""Bytes of an answer of the hub's API."""

SLOWEST = 1024
"""Bytes a second that a body has to arrive with, over the time-out's seconds."""

USER_AGENT = "sentiment-toolkit"
_WAITING_CHUNKS = 8
_ERROR_HEADERS = ("X-Error-Code", "X-Error-Message")


def endpoint() -> str:
    """The hub's address: HF_ENDPOINT, as it is now, or the client's."""
    from huggingface_hub import constants

    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")


def model_url(name: str, *parts: str) -> str:
    """Address of a model in the hub's API."""
    return "/".join([endpoint(), "api/models", name, *(quote(part, safe="") for part in parts)])


@dataclass(frozen=True)
class Answer:
    """A successful answer: whether it is the part that was asked for, its next page, its body."""

    is_part: bool
    next_page: str | None
    chunks: Iterator[bytes]


@contextmanager
def answered(url: str, seconds: float, start: int = 0) -> Iterator[Answer]:
    """Ask for a file or an API's answer, from byte `start` on.

    `seconds`: for the head of the answer, and again for each SLOWEST * seconds bytes of its body.
    All of it happens in a thread that is left alone when they are over: the client's time-outs hold
    for each address and each read anew, and looking up a name has none. Raises httpx2's errors,
    huggingface_hub's for a status of failure, WrongAnswer for an answer of no hub.
    """
    arriving: Queue[Response | bytes | Exception | None] = Queue(_WAITING_CHUNKS)
    stopped = Event()
    exchange = (_request(url, seconds, start), arriving, stopped)
    Thread(target=_exchange, args=exchange, daemon=True).start()
    try:
        head: Any = _take(arriving, time.monotonic() + seconds, seconds)
        _check(head)
        next_page = head.links.get("next", {}).get("url")
        yield Answer(head.status_code == 206, next_page, _chunks(arriving, seconds))
    finally:
        stopped.set()
        while not arriving.empty():  # so that the thread sees it
            arriving.get_nowait()


def read_json(url: str, seconds: float) -> tuple[Any, str | None]:
    """(The JSON at an address, the address of the next page if there is one).

    `seconds`: for all of it.
    """
    from httpx2 import ReadTimeout
    from huggingface_hub import constants

    deadline = time.monotonic() + seconds
    with answered(url, min(seconds, float(constants.HF_HUB_DOWNLOAD_TIMEOUT))) as answer:
        content = bytearray()
        for chunk in answer.chunks:
            content += chunk
            if len(content) > LARGEST_JSON:
                raise WrongAnswer(f"it answers with more than {LARGEST_JSON / 2**20:.0f} MiB")
            if time.monotonic() > deadline:
                raise ReadTimeout(f"no whole answer within {seconds:g} seconds")
    try:
        return json.loads(content), answer.next_page
    except (ValueError, RecursionError):
        raise WrongAnswer("it answers with something else than JSON") from None


def _request(url: str, seconds: float, start: int) -> "Request":
    from huggingface_hub import constants, get_session, get_token

    # Not build_hf_headers: it may ask the hub for a list of agents, with an answer of any size.
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    if not constants.HF_HUB_DISABLE_IMPLICIT_TOKEN and (token := get_token()):
        headers["Authorization"] = f"Bearer {token}"
    if start:
        headers["Range"] = f"bytes={start}-"
    return get_session().build_request("GET", url, headers=headers, timeout=seconds)


def _exchange(
    request: "Request", arriving: "Queue[Response | bytes | Exception | None]", stopped: Event
) -> None:
    """Put the head, the chunks of the body and None, or an error, until stopped."""
    try:
        response = _follow(request)
        try:
            arriving.put(response)
            for chunk in response.iter_raw():
                if stopped.is_set():
                    return
                arriving.put(chunk)
            arriving.put(None)
        finally:
            response.close()
    except Exception as error:
        arriving.put(error)


def _follow(request: "Request") -> "Response":
    """The answer at the end of all redirects, whose bodies are not read.

    httpx2 leaves the token out of a request to another host.
    """
    from huggingface_hub import get_session

    for _ in range(REDIRECTS + 1):
        response = get_session().send(request, stream=True, follow_redirects=False)
        if response.next_request is None:
            return response
        response.close()
        request = response.next_request
    raise WrongAnswer(f"it redirects more than {REDIRECTS} times")


def _check(response: "Response") -> None:
    """Raise for a status that is no success, from the head alone, and for an encoded body."""
    from httpx2 import Response
    from huggingface_hub import hf_raise_for_status

    told = {name: response.headers[name] for name in _ERROR_HEADERS if name in response.headers}
    hf_raise_for_status(Response(response.status_code, headers=told, request=response.request))
    if response.status_code not in (200, 206):
        raise WrongAnswer(f"it answers {response.status_code}")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise WrongAnswer("it compresses what was to be sent as it is")


def _take(arriving: "Queue[Any]", deadline: float, seconds: float) -> Any:
    """The next thing that arrives; raises the error that it may be."""
    from httpx2 import ReadTimeout

    try:
        item = arriving.get(timeout=max(0.0, deadline - time.monotonic()))
    except Empty:
        raise ReadTimeout(f"no answer within {seconds:g} seconds") from None
    if isinstance(item, Exception):
        raise item
    return item


def _chunks(arriving: "Queue[Any]", seconds: float) -> Iterator[bytes]:
    """A body's chunks, as long as they come fast enough."""
    wanted = int(SLOWEST * seconds)
    deadline, received = time.monotonic() + seconds, 0
    while (chunk := _take(arriving, deadline, seconds)) is not None:
        received += len(chunk)
        if received >= wanted:
            deadline, received = time.monotonic() + seconds, 0
        yield chunk
