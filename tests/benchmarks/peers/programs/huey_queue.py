"""huey on SQLite, as it ships: a consumer with threads, a full sync at each commit."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from huey import SqliteHuey
from sync_acts import play
from talk import FULL

WORKERS = 1
POLL_SECONDS = 0.01


class HueyQueue:
    """One task, enqueued by calling it."""

    def __init__(self, url: str) -> None:
        self._huey = SqliteHuey("bench", filename=url)
        self._handle: Callable[[Any], None] = print
        self._task = self._huey.task(name="no_op")(self._run)

    def _run(self, given: dict[str, Any]) -> None:
        self._handle(given)

    def prepare(self) -> None:
        self.left()

    def add(self, given: dict[str, Any]) -> None:
        self._task(given)

    def add_many(self, many: list[dict[str, Any]]) -> None:
        self._task.map([(given,) for given in many])

    def left(self) -> int:
        return self._huey.storage.queue_size()

    def start(
        self, handle: Callable[[Any], None], settings: str, concurrency: int | None
    ) -> Callable[[], None]:
        self._handle = handle
        consumer = self._huey.create_consumer(
            workers=concurrency or WORKERS,
            periodic=False,
            initial_delay=0.1 if settings == FULL else POLL_SECONDS,
            max_delay=10.0 if settings == FULL else POLL_SECONDS,
        )
        consumer.start()
        return lambda: consumer.stop(graceful=True)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    play(HueyQueue, ["huey"])
