"""gunicorn's threaded worker, with slow clients kept away from the threads.

gunicorn gives a connection to a thread, which then waits for the request: as many slow clients as
there are threads, and nobody else is served. Here the main loop gathers a request until it is
whole, and takes the answer to the client.

Most requests take less time to answer than to hand to a thread and take back. So the loop answers
small requests itself, except those whose context says `must_wait`: a thread answers these.
"""

import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine
from gunicorn.workers.gthread import ThreadWorker

from pipeline.server import prometheus
from pipeline.server.connection import KEEPALIVE_SECONDS, WRITE_SECONDS, Connection
from pipeline.server.context import CONTEXT, RequestContext
from pipeline.server.messages import Answer, Message, read_message
from pipeline.server.observing import log
from pipeline.server.refusals import RETRY_SECONDS, error_body
from pipeline.server.settings import ServerSettings

LARGEST_BUFFERED = 64 * 2**20
"""Bytes of unfinished requests in a worker; large ones beyond that are refused."""
LARGEST_SMALL = 16_384
"""Bytes of a request that the loop may answer itself: half a millisecond of the fast model."""
LOOK_SECONDS = 0.25
"""Between two looks for clients that are too slow."""

_PROBES = (b"GET /healthz ", b"GET /readyz ", b"GET /metrics ")
_QUICK = (b"POST /predict ", b"GET /healthz ", b"GET /readyz ")
_STATUS = {
    400: ("Bad Request", "bad_request", "This is not HTTP as this server speaks it."),
    408: ("Request Timeout", "request_timeout", "The request took too long to arrive."),
    414: ("URI Too Long", "uri_too_long", "The address is too long."),
    431: ("Request Header Fields Too Large", "headers_too_large", "The headers are too large."),
    500: ("Internal Server Error", "internal_server_error", "The server failed at this request."),
    503: ("Service Unavailable", "overloaded", "Too many requests are under way. Try again soon."),
}


Then = Callable[[Connection], None]


class BufferingWorker(ThreadWorker):  # type: ignore[misc]
    """Requests whole before they are answered; answers gone without a thread.

    A connection is in `_waiting` while something is awaited of its client, and in `_ready` when its
    request is about to be answered by the loop.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.settings: ServerSettings = self.app.settings
        self._waiting: set[Connection] = set()
        self._ready: deque[tuple[Connection, bytes]] = deque()
        self._under_way = 0
        self._look_at = 0.0
        self._notify_at = 0.0

    # What the base's main loop calls

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """One turn of the loop."""
        super().wait_for_and_dispatch_events(0.0 if self._ready else timeout)
        self._answer_ready()

    def notify(self) -> None:
        """Tell the master that this worker is alive, which costs a system call."""
        now = time.monotonic()
        if now >= self._notify_at:
            self._notify_at = now + 1.0
            super().notify()

    def set_accept_enabled(self, enabled: bool) -> None:
        """At the end, accept the clients that are connected already, then stop listening."""
        if self.alive:
            super().set_accept_enabled(True)
            return
        for listener in self.sockets:
            while self._accept_one(listener):
                pass
        super().set_accept_enabled(enabled)
        for listener in self.sockets:
            listener.close()

    def accept(self, listener: Any) -> None:
        """Accept one client; if there are too many, close the connection waited for longest."""
        self._accept_one(listener)
        if self.nr_conns > self.worker_connections and self._waiting:
            self._close(min(self._waiting, key=lambda connection: connection.due))

    def murder_keepalived(self, force: bool = False) -> None:
        """Give up on clients that are too slow."""
        now = time.monotonic()
        if now < self._look_at and not force:
            return
        self._look_at = now + LOOK_SECONDS
        for connection in [c for c in self._waiting if force or c.due < now]:
            if connection.is_idle or connection.must_close or force:
                self._close(connection)
            else:
                self._refuse(connection, 408, closes=True)

    def murder_pending(self) -> None:
        """There are none: gunicorn's other queue is not used."""

    def _cap_keepalive(self, deadline: float) -> None:
        """At the end, clients between two requests get this much longer."""
        for connection in self._waiting:
            if connection.is_idle:
                connection.due = min(connection.due, deadline)

    # A connection's way: receive → dispatch → (loop or thread) → deliver → receive …

    def _accept_one(self, listener: Any) -> bool:
        try:
            sock, address = listener.accept()
        except OSError:  # another worker accepted it, or no descriptors are left
            return False
        self.nr_conns += 1
        self._wait(Connection(sock, address, listener.getsockname()), self._receive)
        return True

    def _wait(self, connection: Connection, then: Then, event: int = selectors.EVENT_READ) -> None:
        """Have `then` called when the client has sent something, or can take something."""
        self._waiting.add(connection)
        if connection.watched == (event, then):
            return
        change = self.poller.modify if connection.watched else self.poller.register
        change(connection.sock, event, partial(self._awaken, connection, then))
        connection.watched = event, then

    def _awaken(self, connection: Connection, then: Then, _: socket.socket) -> None:
        then(connection)

    def _stop_waiting(self, connection: Connection) -> None:
        self._waiting.discard(connection)
        if connection.watched:
            self.poller.unregister(connection.sock)
            connection.watched = None

    def _receive(self, connection: Connection) -> None:
        if not connection.receive():
            self._close(connection)
            return
        request = connection.next_request()
        if request is not None:
            self._dispatch(connection, request)
        elif connection.is_large and self._buffered() > LARGEST_BUFFERED:
            self._refuse(connection, 503, closes=True)

    def _buffered(self) -> int:
        return sum(len(connection.incoming) for connection in self._waiting)

    def _dispatch(self, connection: Connection, request: bytes) -> None:
        """Queue a whole request for the loop or a thread; refuse it if too many are under way."""
        under_way = self._under_way + len(self._ready)
        if under_way >= self.settings.most_in_flight and not request.startswith(_PROBES):
            self._refuse(connection, 503)
        elif len(request) <= LARGEST_SMALL and request.startswith(_QUICK):
            self._waiting.discard(connection)
            self._ready.append((connection, request))
        else:
            self._give_to_thread(connection, request)

    def _answer_ready(self) -> None:
        """Answer the requests that are ready now; later ones get their turn after other events."""
        if not self._ready:
            return
        ready, self._ready = self._ready, deque()
        prometheus.IN_FLIGHT.inc(len(ready))
        read = [(connection, self._read(connection, request)) for connection, request in ready]
        self.app.gather([message.environ for _, message in read if message])
        for connection, message in read:
            if message and message.environ[CONTEXT].must_wait:
                self._give_to_thread(connection, message)
                continue
            if message:
                self._answer(connection, message)
            self._deliver(connection)
        prometheus.IN_FLIGHT.dec(len(ready))

    def _give_to_thread(self, connection: Connection, request: bytes | Message) -> None:
        self._stop_waiting(connection)
        self._under_way += 1
        prometheus.IN_FLIGHT.inc()
        self.tpool.submit(self._handle_and_finish, connection, request)

    def _handle_and_finish(self, connection: Connection, request: bytes | Message) -> None:
        """Run in a thread: answer, send what the client takes at once, return to the loop."""
        try:
            message = request if isinstance(request, Message) else self._read(connection, request)
            if message:
                self._answer(connection, message)
            connection.flush()
        except OSError:  # the client went away, which the loop will notice
            connection.must_close = True
        self.method_queue.defer(self._finish, connection)

    def _read(self, connection: Connection, request: bytes) -> Message | None:
        """Read a request, or refuse it."""
        try:
            message = read_message(request, connection, self.cfg)
        except Exception as error:
            self._write_refusal(connection, _status_of(error), closes=True)
            return None
        message.environ[CONTEXT] = RequestContext(connection.received)
        connection.must_close |= message.is_last or not self.alive
        return message

    def _answer(self, connection: Connection, message: Message) -> None:
        """Ask the application, and append its answer to the connection's outgoing bytes."""
        answer = Answer()
        try:
            chunks = self.wsgi(message.environ, answer.start)
            try:
                whole = answer.to_bytes(chunks, connection.must_close, message.wants_body)
            finally:
                if hasattr(chunks, "close"):
                    chunks.close()
        except Exception:
            self._write_refusal(connection, 500, closes=True)
        else:
            connection.outgoing += whole

    def _finish(self, connection: Connection) -> None:
        """Back in the main loop."""
        self._under_way -= 1
        prometheus.IN_FLIGHT.dec()
        self._deliver(connection)

    def _deliver(self, connection: Connection) -> None:
        """Send on; when all is sent, wait for the next request or for the client to leave."""
        try:
            if not connection.flush():
                if connection not in self._waiting:
                    connection.due = time.monotonic() + WRITE_SECONDS
                self._wait(connection, self._deliver, selectors.EVENT_WRITE)
                return
            if connection.must_close:
                connection.linger()
                self._wait(connection, self._linger)
                return
        except OSError:
            self._close(connection)
            return
        self._next(connection)

    def _next(self, connection: Connection) -> None:
        request = connection.next_request()
        if request is not None:
            self._stop_waiting(connection)  # until it is answered: nothing may overtake it
            self._dispatch(connection, request)
            return
        if connection.is_idle:
            seconds = KEEPALIVE_SECONDS if self.alive else 2.0
            connection.due = time.monotonic() + seconds
        self._wait(connection, self._receive)

    def _linger(self, connection: Connection) -> None:
        if not connection.drop_received():
            self._close(connection)

    def _refuse(self, connection: Connection, status: int, closes: bool = False) -> None:
        """Send an error answer without asking the application."""
        self._waiting.discard(connection)
        self._write_refusal(connection, status, closes)
        self._deliver(connection)

    def _write_refusal(self, connection: Connection, status: int, closes: bool) -> None:
        reason, code, message = _STATUS[status]
        body = error_body(code, message)
        closes = closes or connection.must_close or not self.alive
        head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\n"
        head += f"Retry-After: {RETRY_SECONDS}\r\n" if status == 503 else ""
        head += "Connection: close\r\n" if closes else ""
        connection.must_close = closes
        connection.outgoing += head.encode() + b"\r\n" + body
        prometheus.REQUESTS.labels("none", status, "none").inc()
        if self.settings.log_requests:
            client = connection.client
            log("request", client=client[0] if isinstance(client, tuple) else None, status=status)

    def _close(self, connection: Connection) -> None:
        if connection.sock.fileno() < 0:  # closed earlier in this turn, to make room for another
            return
        self._stop_waiting(connection)
        connection.sock.close()
        self.nr_conns -= 1


def _status_of(error: Exception) -> int:
    """The status that tells a client why its request could not be read."""
    if isinstance(error, LimitRequestLine):
        return 414
    return 431 if isinstance(error, LimitRequestHeaders) else 400
