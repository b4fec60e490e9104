"""Which queues a worker claims from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

MANY: Final = 8
"""Above so many queues it is looked first which of them have something."""


class QueueRotation:
    """The queues that a worker serves; another one comes first each time.

    A claim is a statement a queue, and most of very many queues are empty. So a worker of
    many asks, with one look, which of them have work, and claims on those alone.
    """

    def __init__(self, queues: Sequence[str]) -> None:
        self.queues = list(queues)
        self._served = frozenset(queues)
        self._offset = 0

    def __contains__(self, queue: object) -> bool:
        return queue in self._served

    @property
    def are_many(self) -> bool:
        """Whether to look before each claim."""
        return len(self.queues) > MANY

    def rotated(self) -> list[str]:
        """All of them, from another one on each time."""
        self._offset = (self._offset + 1) % len(self.queues)
        return self.queues[self._offset :] + self.queues[: self._offset]

    def to_claim(
        self, order: list[str], ready: Sequence[str], worked: Collection[str]
    ) -> list[str]:
        """Those to claim from, where a look found these `ready`; none where it found none.

        Of many, only those, and those worked in of late: they may be drained.
        """
        if not self.are_many:
            return order if ready else []
        have_work = set(ready)
        return [*ready, *(queue for queue in worked if queue not in have_work)]
