"""The ASGI application in front of the WSGI one: it takes whole requests, and never waits.

Most requests take less time to answer than to hand to a thread and take back. So small ones are
answered in the event loop, those of one turn with one call of the fast model. A thread answers the
others.
"""

import asyncio
import io
import time
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from flask import Flask

from pipeline.server.admission import Admission
from pipeline.server.clients import Clients
from pipeline.server.context import CONTEXT, RequestContext
from pipeline.server.environs import Environ, Scope, content_length, is_chunked, to_environ
from pipeline.server.gathering import Gathering
from pipeline.server.log_lines import log, trace
from pipeline.server.metrics import Metrics
from pipeline.server.refusals import REFUSALS, error_body, overloaded
from pipeline.server.settings import ServerSettings
from pipeline.server.shared_memory import Flag

if TYPE_CHECKING:
    from pipeline.server.tracing import Tracing

LARGEST_SMALL = 16_384
"""Bytes of a body with which the loop may answer itself: half a millisecond of the fast model."""
MOST_A_TURN, BYTES_A_TURN = 64, 4 * LARGEST_SMALL
"""Requests, and bytes of bodies, that the loop answers before it looks at its clients again."""
_HEALTH = {"/healthz", "/readyz", "/ping", "/v2/health/live", "/v2/health/ready"}
_PROBES = {*_HEALTH, "/metrics"}
_IN_MEMORY = "/docs/"

Result = TypeVar("Result")
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Waiting = tuple[Environ, "asyncio.Future[Answer | None]"]


class Answer(NamedTuple):
    """The application's answer. Of a stream, `rest` is still to come, made as the client reads."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    rest: Generator[bytes] | None = None


class Bridge:
    """The ASGI application. `draining` is set when the server is about to end."""

    def __init__(
        self,
        app: Flask,
        settings: ServerSettings,
        gathering: Gathering,
        admission: Admission,
        metrics: Metrics,
        draining: Flag,
    ) -> None:
        self.app, self.settings, self.gathering = app, settings, gathering
        self.admission, self.metrics, self.draining = admission, metrics, draining
        self.clients = Clients(settings.max_body)
        self.when_over: Callable[[], None] = lambda: None
        self.tracing: Tracing | None = None
        self._ready: deque[Waiting] = deque()
        self._under_way = 0
        self._loop: asyncio.AbstractEventLoop
        self._pool: ThreadPoolExecutor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live as long as the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        environ = to_environ(scope)
        began = time.monotonic()
        context = environ[CONTEXT] = RequestContext(began, began=began)
        context.refusal = self.admission.refusal(environ)
        if await self._has_read(environ, receive):
            context.received = context.whole = time.monotonic()
            answer = await self._answer(environ)
            if context.refusal and (is_chunked(environ) or "HTTP_EXPECT" in environ):
                answer.headers.append((b"connection", b"close"))  # who knows what comes next
            await self._send(answer, receive, send)
            if self.tracing is not None:
                self.tracing.record(environ, answer.status)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Between the two messages of the lifespan protocol, look after the clients."""
        await receive()
        self._loop = asyncio.get_running_loop()
        watching = self._loop.create_task(self.clients.watch())
        with ThreadPoolExecutor(self.settings.threads) as self._pool:
            await send({"type": "lifespan.startup.complete"})
            await receive()
            watching.cancel()
        self.when_over()
        await send({"type": "lifespan.shutdown.complete"})

    async def _has_read(self, environ: Environ, receive: Receive) -> bool:
        """Wait for the body; whether the client is still there.

        What is refused for its head is answered at once, unless its body is likely to be here.
        """
        is_large = content_length(environ) > LARGEST_SMALL or is_chunked(environ)
        if environ[CONTEXT].refusal and is_large:
            return True
        pieces, has_more = [], True
        while has_more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return False
            pieces.append(message["body"])
            has_more = message["more_body"]
        environ["wsgi.input"] = io.BytesIO(b"".join(pieces))
        return True

    async def _answer(self, environ: Environ) -> Answer:
        """Have the application answer: in the loop if that is quick, else in a thread.

        Only those that need a thread are held, and so refused when too many are: to refuse the
        others would take as long as to answer them. Whoever watches over the server waits for
        nobody: it would be ended for being busy.
        """
        context, path = environ[CONTEXT], environ["PATH_INFO"]
        is_small = content_length(environ) <= LARGEST_SMALL
        if path in _HEALTH and is_small:
            return self._ask(environ)
        is_quick = path == "/predict" or path.startswith(_IN_MEMORY)
        if context.refusal or (is_quick and is_small):
            future: asyncio.Future[Answer | None] = self._loop.create_future()
            if not self._ready:
                self._loop.call_soon(self._answer_ready)
            self._ready.append((environ, future))
            if answer := await future:
                return answer
        if self._under_way >= self.settings.most_in_flight and path not in _PROBES:
            context.refusal = overloaded()
            return self._ask(environ)
        return await self._in_thread(self._ask, environ)

    async def _in_thread(self, call: Callable[..., Result], *arguments: Any) -> Result:
        """Have a thread call this, counted as under way."""
        self._count(1)
        try:
            return await self._loop.run_in_executor(self._pool, call, *arguments)
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        self._under_way += change
        self.metrics.in_flight(self._under_way)

    def _answer_ready(self) -> None:
        """Answer what became whole in this turn of the loop; None where a thread has to.

        Of many, some wait for the next turn: the loop reads and writes in between.
        """
        ready: list[Waiting] = []
        size = 0
        while self._ready and len(ready) < MOST_A_TURN and size < BYTES_A_TURN:
            ready.append(self._ready.popleft())
            size += content_length(ready[-1][0])
        if self._ready:
            self._loop.call_soon(self._answer_ready)
        self.gathering.gather([environ for environ, _ in ready])
        for environ, future in ready:
            if not future.cancelled():
                future.set_result(None if environ[CONTEXT].must_wait else self._ask(environ))

    def _ask(self, environ: Environ) -> Answer:
        """Call the application; never raises."""
        started: list[Any] = []

        def start(*arguments: Any) -> Callable[[bytes], object]:
            started[:] = arguments
            return started.append

        try:
            chunks = self.app.wsgi_app(environ, start)
            status, headers = int(started[0][:3]), _encoded(started[1])
            if environ[CONTEXT].streams:
                return Answer(status, headers, b"", cast("Generator[bytes]", chunks))
            return Answer(status, headers, _joined(chunks))
        except Exception as error:
            log("bug", id=environ[CONTEXT].request_id, **trace(error))
            body = error_body(*REFUSALS[500])
            return Answer(500, [(b"content-length", str(len(body)).encode())], body)

    async def _send(self, answer: Answer, receive: Receive, send: Send) -> None:
        await send(
            {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        )
        if answer.rest:
            await self._stream(answer.rest, receive, send)
        await send({"type": "http.response.body", "body": answer.body})

    async def _stream(self, rest: Generator[bytes], receive: Receive, send: Send) -> None:
        """Send a chunk when the client has read those before, until it goes away."""
        leaving = asyncio.ensure_future(receive())
        while not leaving.done():
            chunk = await self._in_thread(next, rest, None)
            if chunk is None:
                break
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        leaving.cancel()
        rest.close()

    def count_refusal(self, status: int, client: tuple[str, int] | None) -> None:
        """Count and log what a connection refused itself."""
        self.metrics.refused(status)
        if self.settings.log_requests:
            log("request", client=client and client[0], status=status)


def _joined(chunks: Iterable[bytes]) -> bytes:
    try:
        return b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()


def _encoded(headers: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(_name(name), value.encode("latin-1")) for name, value in headers]


@lru_cache(maxsize=256)
def _name(name: str) -> bytes:
    return name.lower().encode("latin-1")
