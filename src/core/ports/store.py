"""The store: where jobs live, and how work is done on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from .unit_of_work import UnitOfWork

T = TypeVar("T")

Work = Callable[[UnitOfWork], T]
"""A use case: a plain function of a unit of work. It takes only frozen values, ids and
tokens drawn before, loads everything else through the unit, and changes nothing
outside: the store may run it again."""


class Store(Protocol):
    """A database that runs units of work, each in one transaction.

    Contract of `transact`: all of the unit or nothing of it; what certainly rolled back
    for a passing reason (a lock, a deadlock) is run again, with jitter; an error that the
    work raises rolls back and passes through unchanged. After a commit the store tells
    its wakeup the types of the events that the unit appended. Raises `StoreNotOpen`
    before `initialize` and after `close`, `StoreBusy` when the write lock stays taken,
    and the other `StoreError`s for what the database refuses.

    `read` gives one consistent snapshot and must not write. The `_sync` twins do the same
    on the calling thread.
    """

    @property
    def url(self) -> str:
        """The database, without password."""
        ...

    def ensure_room(self, text: str, field: str) -> None:
        """Raise `PayloadTooLarge` for a text that is longer than the database can ever take.

        Asks nobody, and is told of each text before it is written. A store that takes texts
        of any length does nothing.
        """
        ...

    async def transact(
        self, work: Work[T], *, is_large: bool = False, is_repeatable: bool = False
    ) -> T:
        """Run `work` in a transaction of its own; a large one never on the event loop.

        Doing a repeatable one twice is doing it once: it is run again also where the
        connection was lost in COMMIT and nobody knows whether it took place.
        """
        ...

    async def read(self, work: Work[T], *, is_large: bool = False) -> T:
        """Run `work` on a snapshot; a large one never on the event loop."""
        ...

    def transact_sync(
        self, work: Work[T], *, urgent: bool = False, is_repeatable: bool = False
    ) -> T:
        """`transact`, blocking; an `urgent` unit (a renewal) goes before waiting ones."""
        ...

    def read_sync(self, work: Work[T]) -> T:
        """`read`, blocking."""
        ...

    def within(self, connection: Any, work: Work[T]) -> T:
        """Run `work` in the caller's own transaction, which the caller commits.

        `connection` is a SQLAlchemy `Connection` or `Session` on this database. Nothing
        is retried. Raises `DifferentDatabase` or `ConnectionRefused`.
        """
        ...

    async def within_async(self, connection: Any, work: Work[T]) -> T:
        """`within` for an `AsyncConnection` or `AsyncSession`."""
        ...

    async def initialize(self) -> None:
        """Open the database and bring its schema up to date; harmless when repeated."""
        ...

    async def close(self) -> None:
        """Let running units end, then close every connection; harmless when repeated."""
        ...

    def initialize_sync(self) -> None:
        """`initialize`, blocking."""
        ...

    def close_sync(self) -> None:
        """`close`, blocking."""
        ...
