"""A store that fails when it is told to."""

from __future__ import annotations

from typing import Any, TypeVar

from ...core.domain.store_errors import StoreUnavailable
from ...core.ports.store import Store, Work
from ...core.ports.unit_of_work import UnitOfWork

T = TypeVar("T")


class FaultyStore(Store):
    """Another store, until `break_down`; then every unit fails until `repair`.

    A broken write fails after its work was done and before its commit: nothing of it may
    remain. `failed` counts the units that were refused.

    `Errands(store=FaultyStore(other.container.store()))` is an application on it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._is_broken = False
        self.failed = 0

    def break_down(self) -> None:
        """Fail from now on."""
        self._is_broken = True

    def repair(self) -> None:
        """Work again."""
        self._is_broken = False

    @property
    def url(self) -> str:
        return self._store.url

    def ensure_room(self, text: str, field: str) -> None:
        self._store.ensure_room(text, field)

    async def transact(
        self, work: Work[T], *, is_large: bool = False, is_repeatable: bool = False
    ) -> T:
        return await self._store.transact(
            self._checked(work), is_large=is_large, is_repeatable=is_repeatable
        )

    async def read(self, work: Work[T], *, is_large: bool = False) -> T:
        return await self._store.read(self._checked(work), is_large=is_large)

    def transact_sync(
        self, work: Work[T], *, urgent: bool = False, is_repeatable: bool = False
    ) -> T:
        return self._store.transact_sync(
            self._checked(work), urgent=urgent, is_repeatable=is_repeatable
        )

    def read_sync(self, work: Work[T]) -> T:
        return self._store.read_sync(self._checked(work))

    def within(self, connection: Any, work: Work[T]) -> T:
        return self._store.within(connection, work)

    async def within_async(self, connection: Any, work: Work[T]) -> T:
        return await self._store.within_async(connection, work)

    async def initialize(self) -> None:
        await self._store.initialize()

    async def close(self) -> None:
        await self._store.close()

    def initialize_sync(self) -> None:
        self._store.initialize_sync()

    def close_sync(self) -> None:
        self._store.close_sync()

    def _checked(self, work: Work[T]) -> Work[T]:
        def checked(uow: UnitOfWork) -> T:
            answer = work(uow)
            if self._is_broken:
                self.failed += 1
                raise StoreUnavailable(self.url, "broken by a test")
            return answer

        return checked
