"""API keys, and a limit to the rate of each client."""

import hashlib
import hmac
import ipaddress
import os
import secrets
import time

from pipeline.server.refusals import RequestRefused
from pipeline.server.shared_memory import shared_numbers

GUARDED = frozenset({"/predict", "/explain", "/rows", "/metrics", "/invocations"})
"""Routes that ask for an API key if the server has any, and that count for the rate."""

BURST_SECONDS = 2.0
"""After a pause a client may send this many seconds' worth of its rate at once."""
CLIENTS = 65_536
"""Entries of the table of clients; two clients with the same entry share one rate."""


def is_guarded(path: str) -> bool:
    """Whether a path is one of GUARDED, or asks a model by the Open Inference Protocol."""
    return path in GUARDED or (path.startswith("/v2/models/") and path.endswith("/infer"))


class KeyRing:
    """The valid keys. How long a check takes does not show how near a wrong key is to one."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._digests = [_digest(key) for key in keys]

    def check(self, authorization: str) -> None:
        """Raise RequestRefused (401) unless the header is `Bearer` and a valid key."""
        scheme, _, key = authorization.partition(" ")
        given = _digest(key.strip())
        good = [hmac.compare_digest(given, digest) for digest in self._digests]
        if self._digests and not (any(good) and scheme.lower() == "bearer"):
            message = "Send an API key of this server: Authorization: Bearer KEY."
            raise RequestRefused(401, "unauthorized", message)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


class RateLimiter:
    """At most `rate` requests a second of one client over all workers, and a burst after a pause.

    The generic cell rate algorithm (ITU-T I.371): a client has one number, the time at which its
    requests so far are paid off.
    """

    def __init__(self, rate: float) -> None:
        self._step = 1.0 / rate
        self._burst = max(BURST_SECONDS, self._step)
        self._paid_off = shared_numbers(CLIENTS)
        self._salt = secrets.token_bytes(16)

    def check(self, address: str) -> None:
        """Count a request of this client; raises RequestRefused (429) if it exceeds the rate."""
        now = time.monotonic()
        place = self._place(address)
        paid_off = max(self._paid_off[place], now) + self._step
        if paid_off - now > self._burst:
            wait = max(1, round(paid_off - now - self._burst + 0.5))
            message = "Too many requests of this client. Slow down."
            raise RequestRefused(429, "rate_limited", message, retry_after=wait)
        self._paid_off[place] = paid_off

    def _place(self, address: str) -> int:
        """The client's entry. All 2**64 IPv6 addresses of one site count as one client."""
        try:
            parsed = ipaddress.ip_address(address)
            parsed = getattr(parsed, "ipv4_mapped", None) or parsed  # as "::" sees an IPv4 client
            client = parsed.packed[:8] if parsed.version == 6 else parsed.packed
        except ValueError:
            client = os.fsencode(address)
        hashed = hashlib.blake2b(client, key=self._salt, digest_size=8).digest()
        return int.from_bytes(hashed) % CLIENTS
