"""litequeue: a table with put, pop and done; the loop around them is ours, for it has none."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from litequeue import LiteQueue
from sync_acts import play

IDLE_SECONDS = 0.01


class LitequeueQueue:
    """One queue a file."""

    def __init__(self, url: str) -> None:
        self._queue = LiteQueue(url, timeout=30)

    def prepare(self) -> None:
        self.left()

    def add(self, given: dict[str, Any]) -> None:
        self._queue.put(json.dumps(given))

    def add_many(self, many: list[dict[str, Any]]) -> None:
        with self._queue.transaction(mode="IMMEDIATE"):
            for given in many:
                self._queue.put(json.dumps(given))

    def left(self) -> int:
        return self._queue.active_count()

    def start(
        self, handle: Callable[[Any], None], settings: str, concurrency: int | None
    ) -> Callable[[], None]:
        is_over = threading.Event()
        loop = threading.Thread(target=self._loop, args=(handle, is_over))
        loop.start()

        def stop() -> None:
            is_over.set()
            loop.join()

        return stop

    def _loop(self, handle: Callable[[Any], None], is_over: threading.Event) -> None:
        while not is_over.is_set():
            message = self._queue.pop()
            if message is None:
                time.sleep(IDLE_SECONDS)
                continue
            handle(json.loads(message.data))
            self._queue.done(message.message_id, claim_id=message.claim_id)


if __name__ == "__main__":
    play(LitequeueQueue, ["litequeue"])
