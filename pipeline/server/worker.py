"""gunicorn's threaded worker, with slow clients kept away from the threads.

gunicorn gives a connection to a thread, which then waits for the request: as many slow clients as
there are threads, and nobody else is served. Here the main loop gathers a request until it is
whole, and takes the answer to the client; a thread has it in between only.
"""

import selectors
import socket
import time
from functools import partial
from typing import Any

from gunicorn.http import wsgi
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine
from gunicorn.http.parser import RequestParser
from gunicorn.workers.gthread import ThreadWorker

from pipeline.server import metrics
from pipeline.server.connection import KEEPALIVE_SECONDS, WRITE_SECONDS, Connection
from pipeline.server.observing import RECEIVED, log
from pipeline.server.refusals import RETRY_SECONDS, error_body
from pipeline.server.settings import ServerSettings

LARGEST_BUFFERED = 64 * 2**20
"""Bytes of unfinished requests in a worker; large ones beyond that are refused."""

_PROBES = (b"GET /healthz ", b"GET /readyz ", b"GET /metrics ")
_STATUS = {
    400: ("Bad Request", "bad_request", "This is not HTTP as this server speaks it."),
    408: ("Request Timeout", "request_timeout", "The request took too long to arrive."),
    414: ("URI Too Long", "uri_too_long", "The address is too long."),
    431: ("Request Header Fields Too Large", "headers_too_large", "The headers are too large."),
    500: ("Internal Server Error", "internal_server_error", "The server failed at this request."),
    503: ("Service Unavailable", "overloaded", "Too many requests are under way. Try again soon."),
}


class BufferingWorker(ThreadWorker):  # type: ignore[misc]
    """Requests whole before a thread has them; answers gone without one."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.settings: ServerSettings = self.app.settings
        self._waiting: set[Connection] = set()
        self._under_way = 0

    # What the base's main loop calls

    def set_accept_enabled(self, enabled: bool) -> None:
        """At the end, take in who is connected already, and let nobody else connect."""
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
        """Take in one client; where there are too many, the one waited for longest has to go."""
        self._accept_one(listener)
        if self.nr_conns > self.worker_connections and self._waiting:
            self._close(min(self._waiting, key=lambda connection: connection.due))

    def murder_keepalived(self, force: bool = False) -> None:
        """Give up on clients that are too slow."""
        now = time.monotonic()
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

    # A connection's way: receive → dispatch → (thread) → finish → deliver → receive …

    def _accept_one(self, listener: Any) -> bool:
        try:
            sock, address = listener.accept()
        except OSError:  # somebody else was quicker, or there are no descriptors left
            return False
        self.nr_conns += 1
        self._wait(Connection(sock, address, listener.getsockname()), self._receive)
        return True

    def _wait(self, connection: Connection, then: Any, event: int = selectors.EVENT_READ) -> None:
        self._waiting.add(connection)
        self.poller.register(connection.sock, event, partial(self._awaken, connection, then))

    def _awaken(self, connection: Connection, then: Any, _: socket.socket) -> None:
        then(connection)

    def _stop_waiting(self, connection: Connection) -> None:
        if connection in self._waiting:
            self._waiting.discard(connection)
            self.poller.unregister(connection.sock)

    def _receive(self, connection: Connection) -> None:
        if not connection.receive():
            self._close(connection)
            return
        request = connection.next_request()
        if request is not None:
            self._stop_waiting(connection)
            self._dispatch(connection, request)
        elif connection.is_large and self._buffered() > LARGEST_BUFFERED:
            self._refuse(connection, 503, closes=True)

    def _buffered(self) -> int:
        return sum(len(connection.incoming) for connection in self._waiting)

    def _dispatch(self, connection: Connection, request: bytes) -> None:
        """Give a whole request to a thread, or refuse it now where too many have one."""
        if self._under_way >= self.settings.most_in_flight and not request.startswith(_PROBES):
            self._refuse(connection, 503)
            return
        self._under_way += 1
        metrics.IN_FLIGHT.inc()
        self.tpool.submit(self._handle_and_finish, connection, request)

    def _handle_and_finish(self, connection: Connection, request: bytes) -> None:
        """Run in a thread: answer, send what the client takes at once, give back to the loop."""
        try:
            self._answer(connection, request)
            connection.flush()
        except OSError:  # it went away: the loop will find out
            connection.must_close = True
        self.method_queue.defer(self._finish, connection)

    def _answer(self, connection: Connection, request: bytes) -> None:
        parsed = None
        try:
            parsed = next(RequestParser(self.cfg, [request], connection.client))
            response = self._run_application(connection, parsed)
            connection.must_close |= response.should_close()
        except Exception as error:
            connection.outgoing.clear()
            self._write_refusal(connection, _status_of(error, parsed), closes=True)

    def _run_application(self, connection: Connection, parsed: Any) -> wsgi.Response:
        response, environ = wsgi.create(
            parsed, connection, connection.client, connection.server, self.cfg
        )
        environ["wsgi.multithread"] = True
        environ[RECEIVED] = connection.received
        if connection.must_close or not self.alive:
            response.force_close()
        chunks = self.wsgi(environ, response.start_response)
        try:
            for chunk in chunks:
                response.write(chunk)
            response.close()
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        return response

    def _finish(self, connection: Connection) -> None:
        """Back in the main loop."""
        self._under_way -= 1
        metrics.IN_FLIGHT.dec()
        self._deliver(connection)

    def _deliver(self, connection: Connection) -> None:
        """Send on; when all is sent, wait for the next request or for the client to leave."""
        try:
            if not connection.flush():
                if connection not in self._waiting:
                    connection.due = time.monotonic() + WRITE_SECONDS
                    self._wait(connection, self._deliver, selectors.EVENT_WRITE)
                return
            self._stop_waiting(connection)
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
            self._dispatch(connection, request)
            return
        seconds = KEEPALIVE_SECONDS if self.alive else 2.0
        if connection.is_idle:
            connection.due = time.monotonic() + seconds
        self._wait(connection, self._receive)

    def _linger(self, connection: Connection) -> None:
        if not connection.drop_received():
            self._close(connection)

    def _refuse(self, connection: Connection, status: int, closes: bool = False) -> None:
        """Answer without a thread."""
        self._stop_waiting(connection)
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
        metrics.REQUESTS.labels("none", status, "none").inc()
        if self.settings.log_requests:
            client = connection.client
            log("request", client=client[0] if isinstance(client, tuple) else None, status=status)

    def _close(self, connection: Connection) -> None:
        self._stop_waiting(connection)
        connection.sock.close()
        self.nr_conns -= 1


def _status_of(error: Exception, parsed: object) -> int:
    """The status that tells a client what was wrong with its request."""
    if parsed is not None:
        return 500
    if isinstance(error, LimitRequestLine):
        return 414
    return 431 if isinstance(error, LimitRequestHeaders) else 400
