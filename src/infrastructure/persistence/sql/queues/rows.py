"""Rows and queues: what stands in which column."""

from __future__ import annotations

from typing import Any, Final

from .....core.domain.queue.queue import Queue
from ..statement import Row
from ..times import from_ms, to_ms

QUEUE: Final = ("name", "paused", "turn", "drained_at")
"""Columns of a queue."""
FORGOTTEN: Final = -1
"""The turn of a queue that was obliterated; `drained_at` is when. The row stays for a while: a
process that still takes the queue for known adds jobs without making it known."""


def queue_values(queue: Queue) -> tuple[Any, ...]:
    """The values of `QUEUE`, of a queue that is known from now on."""
    return (queue.name, int(queue.is_paused), queue.turn, to_ms(queue.drained_at))


def queue_from_row(row: Row) -> Queue:
    """The queue of a row of `QUEUE` columns."""
    name, paused, turn, drained = row
    if turn == FORGOTTEN:
        return Queue(name=name, is_known=False)
    return Queue(name=name, is_paused=bool(paused), turn=turn, drained_at=from_ms(drained))
