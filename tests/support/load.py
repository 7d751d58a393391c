"""Many clients at once, each of which checks every answer it gets."""

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

Expected = Mapping[str, Mapping[str, Mapping[str, object]]]
"""By model and text, the answer due."""


class Load:
    """Clients that ask until told to stop. `counts` says what came back, `problems` what is wrong.

    A client keeps its connection (`reconnect`: takes a new one each time) and asks 1 to 4 texts.
    `ends`: the server is about to end. A connection that the kernel made when nobody accepted any
    more is reset then, before any answer on it; that counts as refused.
    """

    def __init__(
        self,
        port: int,
        expected: Expected,
        clients: int,
        reconnect: bool = False,
        slot: str = "fast",
        ends: bool = False,
    ) -> None:
        self.ends = ends
        self.port, self.expected, self.reconnect, self.slot = port, expected, reconnect, slot
        self.texts: Sequence[str] = list(next(iter(expected.values())))
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self.seconds: list[float] = []
        self.models: Counter[str] = Counter()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(seed,)) for seed in range(clients)
        ]

    @contextmanager
    def running(self) -> Iterator["Load"]:
        """Ask for as long as the context lasts."""
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join(60)
            if any(thread.is_alive() for thread in self._threads):
                self.problems.append("a client hangs")

    def stop(self) -> None:
        """Let every client end after what it has under way."""
        self._stop.set()

    def _run(self, seed: int) -> None:
        chance = random.Random(seed)
        connection, is_new = self._connect(), True
        while not self._stop.is_set():
            texts = chance.sample(self.texts, chance.randint(1, 4))
            started = time.perf_counter()
            try:
                closes = self._ask(connection, texts)
            except ConnectionRefusedError:
                self.counts["refused"] += 1  # nobody listens: nothing was promised
                time.sleep(0.01)
                closes = True
            except (OSError, http.client.HTTPException) as error:
                is_refusal = self.ends and is_new and isinstance(error, ConnectionResetError)
                self.counts["refused" if is_refusal else "broken"] += 1
                if not is_refusal:
                    self.problems.append(f"{type(error).__name__}: {error}")
                closes = True
            is_new = closes or self.reconnect
            self.seconds.append(time.perf_counter() - started)
            if is_new:
                connection.close()
                connection = self._connect()
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def _ask(self, connection: http.client.HTTPConnection, texts: Sequence[str]) -> bool:
        """Ask, check, and say whether the server closes the connection."""
        body = json.dumps({"text": texts, "do_fast": self.slot == "fast"})
        connection.request("POST", "/predict", body.encode())
        response = connection.getresponse()
        answer = json.loads(response.read())
        self.counts[str(response.status)] += 1
        if response.status == 200:
            self._check(texts, answer, response.headers["X-Model"])
        return response.headers.get("Connection") == "close"

    def _check(self, texts: Sequence[str], answer: Mapping[str, object], model: str) -> None:
        self.models[model] += 1
        due = {str(n): self.expected[model][text] for n, text in enumerate(texts)}
        if answer != due:
            self.problems.append(f"mixed up: {answer} for {due}")
