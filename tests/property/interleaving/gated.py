"""A store that stops between units and statements, and keeps account of what it did."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import attrs

from errands.core.domain.events import Event
from errands.core.domain.job.identity import JobRef
from errands.core.domain.job.job import Job
from errands.core.domain.job.status import JobStatus
from errands.core.ports.store import Store, Work
from errands.core.ports.unit_of_work import UnitOfWork
from errands.infrastructure.persistence.open_store import open_store
from errands.infrastructure.persistence.sql.server.store import ServerStore
from errands.infrastructure.settings import Settings
from errands.infrastructure.wakeups.local_wakeup import LocalWakeup
from errands.testing import FaultyStore
from tests.property.interleaving.turns import gate

T = TypeVar("T")


@attrs.define(eq=False)
class Account:
    """What the committed units of one side have done."""

    told: list[Event] = attrs.field(factory=list[Event])
    removed: list[tuple[JobRef, JobStatus]] = attrs.field(factory=list[tuple[JobRef, JobStatus]])

    def add(self, other: "Account") -> None:
        self.told += other.told
        self.removed += other.removed


def open_gated(url: str, clock: Callable[[], Any]) -> Store:
    """An open store whose connections stop after each statement and each COMMIT."""
    store = open_store(Settings(url=url, connections=4), clock, LocalWakeup())
    if isinstance(store, ServerStore):
        connect, is_open = store.engine.connect, False

        def opened(*given: Any) -> Any:
            """Migrations are for plain connections."""
            return _Gated(connect(*given)) if is_open else connect(*given)

        vars(store.engine)["connect"] = opened
        store.initialize_sync()
        is_open = True
    store.initialize_sync()
    return store


class GatedStore(FaultyStore):
    """A store as one side uses it: it stops before each unit, and notes what that came to."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.account = Account()

    def transact_sync(
        self, work: Work[T], *, urgent: bool = False, is_repeatable: bool = False
    ) -> T:
        gate()
        done = Account()

        def noted(uow: UnitOfWork) -> T:
            done.told.clear()
            done.removed.clear()
            return work(cast("UnitOfWork", _Noting(uow, done)))

        answer = super().transact_sync(noted, urgent=urgent, is_repeatable=is_repeatable)
        self.account.add(done)
        return answer

    def read_sync(self, work: Work[T]) -> T:
        gate()
        return super().read_sync(work)


@attrs.frozen(eq=False)
class _Noting:
    """A unit of work that takes down what it tells and removes."""

    uow: UnitOfWork
    done: Account

    def __getattr__(self, name: str) -> Any:
        part = getattr(self.uow, name)
        return _NotingPart(part, self.done) if name in {"jobs", "events"} else part


@attrs.frozen(eq=False)
class _NotingPart:
    part: Any
    done: Account

    def __getattr__(self, name: str) -> Any:
        return getattr(self.part, name)

    def append(self, events: Any) -> None:
        self.done.told += events
        self.part.append(events)

    def insert(self, jobs: Any, births: Any = (), *, are_free: bool = False) -> Any:
        taken = self.part.insert(jobs, births, are_free=are_free)
        self.done.told += [event for event in births if event.ref not in taken]
        return taken

    def remove(self, jobs: list[Job]) -> Any:
        self.done.removed += [(job.ref, job.status) for job in jobs]
        return self.part.remove(jobs)


class _Gated:
    """A connection or a cursor of a driver that stops when the server has answered."""

    def __init__(self, inner: Any) -> None:
        vars(self)["inner"] = inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        return _stopping(found) if name in {"execute", "executemany", "begin", "commit"} else found

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self.inner, name, value)

    def __enter__(self) -> "_Gated":
        self.inner.__enter__()
        return self

    def __exit__(self, *error: object) -> Any:
        return self.inner.__exit__(*error)

    def cursor(self, *kinds: Any) -> "_Gated":
        return _Gated(self.inner.cursor(*kinds))


def _stopping(call: Callable[..., Any]) -> Callable[..., Any]:
    def stop_then(*given: Any, **named: Any) -> Any:
        answer = call(*given, **named)
        gate()
        return answer

    return stop_then
