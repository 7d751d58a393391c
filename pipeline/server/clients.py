"""The connections of one worker: how many there may be, for how long, and with how much memory."""

import asyncio
from enum import Enum
from typing import Protocol

MOST_CONNECTIONS = 2_000
"""Beyond that, those that have been waited for longest are given up."""
GIVEN_UP_AT_ONCE = 50
BODIES_BUFFERED = 4
LEAST_BUFFERED = 64 * 2**20
"""Bytes of unfinished requests, and as much again of unread answers, in a worker: so many bodies of
the largest size, and this at least."""
LOOK_SECONDS = 0.25
"""Between two looks for clients that are too slow."""


class Awaited(Enum):
    """What a client is waited for, and for how many seconds."""

    REQUEST = 10.0  # from its first byte, or the connection's start, to its last
    NEXT = 75.0  # longer than nginx' 60 s, so that a proxy closes first
    LAST = 1.0  # between two requests once the server is ending
    READING = 60.0  # of the answer
    LEAVING = 2.0  # after a refusal, while what still comes is dropped


class Client(Protocol):
    """What is known here of a connection: what it is waited for, None while the server is to act.

    `since`: of the loop's clock. `received`: bytes of requests that are not answered.
    """

    awaited: Awaited | None
    since: float
    received: int

    def unread(self) -> int:
        """Bytes of answers that the client has not taken."""

    def give_up(self) -> None:
        """End the connection, whose time is up; a request that is not whole is told why."""

    def abort(self) -> None:
        """End the connection at once, and leave `Clients.all`."""


class Clients:
    """All connections of this worker; `max_body`: bytes of a request's body."""

    def __init__(self, max_body: int) -> None:
        self.all: set[Client] = set()
        self._most_bytes = max(BODIES_BUFFERED * max_body, LEAST_BUFFERED)

    def admit(self, client: Client) -> None:
        """A new connection; if there are too many, others have to go."""
        self.all.add(client)
        if len(self.all) > MOST_CONNECTIONS:
            waited_for = sorted(self._awaited(), key=lambda one: one.since)
            for one in waited_for[:GIVEN_UP_AT_ONCE]:
                one.abort()

    def _awaited(self) -> list[Client]:
        return [client for client in self.all if client.awaited]

    def has_room(self) -> bool:
        """Whether more may be read of a large request."""
        return sum(client.received for client in self.all) <= self._most_bytes

    def make_room(self) -> None:
        """While too many answers are unread, give up who has had one for longest."""
        slow = [client for client in self.all if client.awaited is Awaited.READING]
        unread = sum(client.unread() for client in slow)
        for client in sorted(slow, key=lambda one: one.since):
            if unread <= self._most_bytes:
                break
            unread -= client.unread()
            client.abort()

    async def watch(self) -> None:
        """Give up clients that are too slow, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for client in self._awaited():
                if client.awaited and client.since + client.awaited.value < loop.time():
                    client.give_up()
