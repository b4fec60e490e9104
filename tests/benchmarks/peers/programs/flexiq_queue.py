"""flexiq on SQLite: a Rust scheduler that hands jobs to threads."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

os.environ.setdefault("FLEXIQ_LOG_LEVEL", "WARNING")

from flexiq import Queue
from sync_acts import play
from talk import FULL

THREADS = 100
BATCH = 500
POLL_MILLISECONDS = 5


class FlexiqQueue:
    """One task; `workers` is the number of threads."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._handle: Callable[[Any], None] = print
        self._queue, self._task = self._opened()

    def _opened(self, **settings: Any) -> tuple[Any, Any]:
        queue = Queue(db_path=self._url, **settings)

        @queue.task(name="no_op")
        def no_op(given: dict[str, Any]) -> None:
            self._handle(given)

        return queue, no_op

    def prepare(self) -> None:
        self.left()

    def add(self, given: dict[str, Any]) -> None:
        self._task.delay(given)

    def add_many(self, many: list[dict[str, Any]]) -> None:
        self._queue.enqueue_many("no_op", [(given,) for given in many])

    def left(self) -> int:
        stats = self._queue.stats()
        return int(stats["pending"]) + int(stats["running"])

    def start(
        self, handle: Callable[[Any], None], settings: str, concurrency: int | None
    ) -> Callable[[], None]:
        self._handle = handle
        threads, batch = (THREADS, BATCH) if settings == FULL else (0, None)
        queue, _ = self._opened(
            workers=concurrency or threads,
            scheduler_batch_size=batch,
            scheduler_poll_interval_ms=POLL_MILLISECONDS,
        )
        worker = threading.Thread(target=queue.run_worker, daemon=True)
        worker.start()

        def stop() -> None:
            queue.shutdown()
            worker.join(timeout=5)

        return stop


if __name__ == "__main__":
    play(FlexiqQueue, ["flexiq"])
