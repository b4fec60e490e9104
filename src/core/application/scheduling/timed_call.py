"""How long a store took."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from ...ports.store import Work
from ...ports.unit_of_work import UnitOfWork

T = TypeVar("T")


class TimedCall(Generic[T]):
    """A unit of work that notes how long its store let it wait.

    Measured up to the end of the work, where it runs: so an event loop that a handler blocks,
    which hears of the end late, is not taken for a store that was away.
    """

    def __init__(self, work: Work[T], monotonic: Callable[[], float]) -> None:
        self._work = work
        self._monotonic = monotonic
        self._asked = monotonic()
        self.began = self._asked
        self.took = 0.0

    def __call__(self, uow: UnitOfWork) -> T:
        """Run the work; the last run counts."""
        self.began = self._monotonic()
        answer = self._work(uow)
        self.took = self._monotonic() - self._asked
        return answer
