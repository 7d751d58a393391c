"""uvicorn's connection with bounds: on the size of a head, on time, and on what waits in memory.

What is refused here never was a whole request, so the application is not asked.
"""

import asyncio
from typing import TYPE_CHECKING, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pipeline.server.clients import Awaited
from pipeline.server.corked import CorkedTransport
from pipeline.server.refusals import plain_refusal

if TYPE_CHECKING:
    from pipeline.server.bridge import Bridge

LARGEST_HEAD = 16_384
"""Bytes of names and values."""
LONGEST_ADDRESS = 4_096
"""Bytes."""
MOST_FIELDS = 100
MOST_AHEAD = 100
"""Requests sent before the answer to an earlier one."""
PIECE = 16_384
"""Bytes that the parser is given at once, so that it is seen soon how large a head is."""
LARGE = 16_384
"""Bytes of unfinished requests of one client from which on the memory of all is looked at."""
HIGH_WATER = 16_384
"""Bytes of unread answers at which nothing more is read of the client."""


class Connection(HttpToolsProtocol):
    """One client of a `Bridge`.

    `head`: bytes of the head that is arriving, which the parser has told of; `partial`: all of
    them. `refusal`: the status for what the parser cannot read.
    """

    awaited: Awaited | None = None
    since = 0.0
    received = partial = head = fields = 0
    refusal = 400
    is_in_head = is_last = is_behind = is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, and be counted."""
        self.corked = CorkedTransport(transport, self._leave)
        super().connection_made(self.corked)
        transport.set_write_buffer_limits(HIGH_WATER)
        self.bridge = cast("Bridge", self.app)
        self._await(Awaited.REQUEST)
        self.bridge.clients.admit(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Be forgotten."""
        self.bridge.clients.all.discard(self)
        super().connection_lost(exc)

    def _await(self, awaited: Awaited | None) -> None:
        self.awaited, self.since = awaited, self.loop.time()

    # What the client sends

    def data_received(self, data: bytes) -> None:
        """Have it parsed, unless nothing more is wanted of this client."""
        self._unset_keepalive_if_required()
        if self.awaited is Awaited.NEXT:
            self._await(Awaited.REQUEST)
        if self.awaited is not Awaited.LEAVING:  # else it is dropped
            self.received += len(data)
        if self.received > LARGE and not self.is_refused and not self.bridge.clients.has_room():
            self.refuse(503)
        for start in range(0, len(data), PIECE):
            if not self.is_refused:
                self._parse(data[start : start + PIECE] if len(data) > PIECE else data)

    def _parse(self, data: bytes) -> None:
        was_in_head = self.is_in_head
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._stay(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self.refuse(self.refusal)
        self.partial = self.partial + len(data) if self.is_in_head and was_in_head else 0
        if self.partial > LARGEST_HEAD and not self.is_refused:
            self.refuse(431)

    def _stay(self, rest: bytes) -> None:
        """Take a request as if it had not asked for another protocol: RFC 9110, section 7.8.

        Java's HttpClient asks for HTTP/2 with each first request, and the parser takes a body for
        the other protocol's. So it gets the head anew, without that wish.
        """
        version = self.parser.get_http_version().encode()
        first = b"%s %s HTTP/%s\r\n" % (self.parser.get_method(), self.url, version)
        fields = [b"%s: %s\r\n" % field for field in self.headers if field[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self._parse(b"".join([first, *fields, b"\r\n", rest]))

    def on_message_begin(self) -> None:
        """Begin a head."""
        super().on_message_begin()
        self.is_in_head, self.head, self.fields = True, 0, 0

    def on_url(self, url: bytes) -> None:
        """Take in the address."""
        super().on_url(url)
        if len(self.url) > LONGEST_ADDRESS:
            self._end_parsing(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take in a field."""
        self.head += len(name) + len(value)
        self.fields += 1
        if self.head > LARGEST_HEAD or self.fields > MOST_FIELDS:
            self._end_parsing(431)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start the application, or have it wait for the request before."""
        self.is_in_head = False
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                self._end_parsing(400)
            return
        if len(self.pipeline) >= MOST_AHEAD:
            self._end_parsing(503)
        super().on_headers_complete()
        if self.is_last or self.bridge.draining.is_set:
            self.cycle.keep_alive = False

    def _end_parsing(self, status: int) -> None:
        """Raise through the parser; what it then raises itself is answered with this status."""
        self.refusal = status
        raise ValueError

    def on_message_complete(self) -> None:
        """The request is whole: from now on the server is to act, unless it has."""
        if self.parser.should_upgrade():
            return
        super().on_message_complete()
        self.cycle.more_body = False
        if self.cycle.response_complete:
            self._await_next()
        elif self.awaited is Awaited.REQUEST:
            self._await(None)

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client sends no more; what it has sent is still answered."""
        if self._is_answering():
            self.cycle.keep_alive = False
        return self._is_answering()

    # What cannot be read

    def refuse(self, status: int) -> None:
        """Answer without the application, and end.

        If an earlier request is being answered, the connection ends with that answer instead.
        """
        self.is_refused = True
        if self.cycle is not None and self.cycle.more_body:
            self.cycle.disconnected = True  # for whoever awaits the rest of the body
            self.cycle.message_event.set()
        if self._is_answering():
            self.cycle.keep_alive = False
            self.flow.pause_reading()
            return
        if self.transport.is_closing():
            return
        if not self._is_answered():
            self.transport.write(plain_refusal(status, self.server_state.default_headers))
            self.bridge.count_refusal(status, self.client)
        self.transport.close()

    def _leave(self) -> None:
        """End, but drop what still comes for a while: RFC 9112, section 9.6.

        Else the client, while it sends, might get a reset in place of the answer.
        """
        self.is_refused = True
        self._await(Awaited.LEAVING)
        self.flow.resume_reading()

    def _is_answered(self) -> bool:
        """Whether the request that is arriving was refused for its head."""
        return self.cycle is not None and self.cycle.response_complete and self.cycle.more_body

    def _is_answering(self) -> bool:
        cycle = self.cycle
        return bool(self.pipeline) or (
            cycle is not None and not (cycle.response_complete or cycle.more_body)
        )

    # What becomes of an answer

    def on_response_complete(self) -> None:
        """Go on with the next request, but not before the client takes this answer."""
        self.corked.flush()
        if self.flow.write_paused:
            self.is_behind = True
            return
        super().on_response_complete()
        if not self._is_answering():
            self._await_next()

    def _await_next(self) -> None:
        """Wait for the next request, or for the rest of one that was refused for its head."""
        if self.transport.is_closing() or self._is_answered():
            self._await(Awaited.LEAVING)
        elif self.cycle.more_body:
            self._await(Awaited.REQUEST)
        else:
            self.received = 0
            self._await(Awaited.REQUEST if self.is_in_head else Awaited.NEXT)

    def pause_writing(self) -> None:
        """The client takes its answer slowly: read nothing more of it."""
        super().pause_writing()
        self.flow.pause_reading()
        self._await(Awaited.READING)
        self.bridge.clients.make_room()

    def resume_writing(self) -> None:
        """The client has taken most of its answer."""
        super().resume_writing()
        self._await(Awaited.LEAVING if self.transport.is_closing() else None)
        if self.is_behind:
            self.is_behind = False
            self.on_response_complete()

    # What the server does with its clients

    def unread(self) -> int:
        """Bytes of answers that the client has not taken."""
        return self.transport.get_write_buffer_size()

    def give_up(self) -> None:
        """End the connection; a request that is not whole is told why."""
        if self.awaited is Awaited.REQUEST and self.received:
            self.refuse(408)
        elif self.awaited is Awaited.LEAVING and self.unread():
            self._await(Awaited.READING)
        else:
            self.abort()

    def abort(self) -> None:
        """End the connection at once."""
        self.bridge.clients.all.discard(self)
        self.transport.abort()

    def shutdown(self) -> None:
        """The worker is ending: the answer under way, or the next one, is the last."""
        self.is_last = True
        if self.cycle is not None:
            self.cycle.keep_alive = False
        has_begun = self.awaited is Awaited.REQUEST and self.received
        if self.awaited in (Awaited.REQUEST, Awaited.NEXT) and not has_begun:
            self._await(Awaited.LAST)
