"""Two stores side by side: the same commands, the same time, and what must be equal."""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, cast

import attrs

from errands.core.application.transactions import Transactions
from errands.core.application.use_cases.add import Added
from errands.core.application.use_cases.administer import SelectedPage
from errands.core.application.use_cases.settle import CycleResult, Settlement
from errands.core.domain.errors import ErrandsError
from errands.core.domain.events import Event
from errands.core.domain.job.identity import JobRef
from errands.core.domain.job.job import Job
from errands.core.domain.job.status import TERMINAL, JobStatus
from errands.core.ports.event_log import EventFilter
from errands.core.ports.job_catalog import JobQuery
from errands.core.ports.lease_repository import Held, Renewal
from errands.core.ports.store import Store, Work
from errands.core.ports.unit_of_work import UnitOfWork
from errands.infrastructure.persistence.open_store import open_store
from errands.infrastructure.settings import Settings
from errands.infrastructure.wakeups.local_wakeup import LocalWakeup
from errands.testing import FakeClock
from tests.property.interruption import Boom, interrupted
from tests.servers import scratch_of_process

QUEUES: Final = ("ash", "birch")
Run = tuple[JobRef, str]
"""A job and the token under which it was claimed."""
_NAMES: Final = tuple(field.name for field in attrs.fields(Job))
LONGEST_FUSE: Final = 12
"""Calls to repositories after which a unit is broken off at the latest."""
_RANKED: Final = ("key", "sequence")


@attrs.define(eq=False)
class Side:
    """One store, and the claimed jobs as its worker holds them."""

    store: Store
    runs: dict[Run, Job] = attrs.field(factory=dict)
    cursor: int = 0
    seen: dict[str, Any] | None = None

    def held(self, run: Run) -> Held:
        return Held(self.runs[run].key, run[1])


Command = Callable[[Side], Work[Any]]
"""Makes the unit of work for one side."""


@cache
def _template() -> Path:
    path = Path(tempfile.mkdtemp(prefix="errands-agreement-")) / "template.db"
    store = open_store(Settings(url=f"sqlite:///{path}"), FakeClock(), LocalWakeup())
    store.initialize_sync()
    store.close_sync()
    return path


def open_sides(name: str, clock: FakeClock, folder: Path) -> tuple[Side, Side]:
    """An empty memory store, and an empty one of another kind made by the migrations."""
    urls = ("memory://", _empty(name, folder))
    stores = [open_store(Settings(url=url), clock, LocalWakeup()) for url in urls]
    for store in stores:
        store.initialize_sync()
    return Side(stores[0]), Side(stores[1])


def _empty(name: str, folder: Path) -> str:
    """The URL of a database with nothing in it."""
    if name != "sqlite":
        return scratch_of_process(name).emptied()
    shutil.copyfile(_template(), folder / "errands.db")
    return f"sqlite:///{folder / 'errands.db'}"


@attrs.define(eq=False)
class Agreement:
    """Runs a command on both sides and asserts that they answer and look the same.

    `rehearses`: every unit is first run, broken off in the middle or after its last write and
    rolled back, as a store does that tries again; nothing of that may remain.
    """

    sides: tuple[Side, Side]
    rehearses: bool = False
    fuse: int = 0

    def do(self, command: Command, *, closely: bool = False) -> tuple[Any, Any]:
        """Run it on both; what the sides answered. `closely`: it may have written logs."""
        if self.rehearses:
            self.fail(command, closely=closely)
        answers = [_attempt(side.store, command(side)) for side in self.sides]
        self.check()
        assert comparable(answers[0]) == comparable(answers[1])
        if closely:
            self.check_closely()
        return answers[0], answers[1]

    def fail(self, command: Command, *, closely: bool = False) -> None:
        """Run it on both so that it raises between its calls, or after the last of them.

        Each time one call later than the time before. Nothing of it may remain.
        """
        self.fuse = (self.fuse + 1) % LONGEST_FUSE
        for side in self.sides:
            before = side.seen or _seen(side.store)
            close = _close_look(side, closely=closely)
            _attempt(side.store, _raising(command(side), self.fuse))
            assert _seen(side.store) == before
            assert _events(side.store, side.cursor) == []
            assert _close_look(side, closely=closely) == close

    def do_transactions(self, transactions: Callable[[], Transactions[int]]) -> None:
        """Run a use case of several units on both."""
        under_way = [transactions(), transactions()]
        answers: list[Any] = [None, None]
        while True:
            sent = [_send(*pair) for pair in zip(under_way, answers, strict=True)]
            ends = [work for work in sent if isinstance(work, int)]
            if ends:
                assert len(ends) == 2
                assert len(set(ends)) == 1
                return
            works: dict[int, Any] = {
                id(side): work for side, work in zip(self.sides, sent, strict=True)
            }
            answers = list(self.do(partial(_own, works)))
            if isinstance(answers[0], Exception):
                return

    def check(self) -> None:
        """Assert that both stores look the same, new events included."""
        for side in self.sides:
            side.seen = _seen(side.store)
        assert self.sides[0].seen == self.sides[1].seen
        told = [_new_events(side) for side in self.sides]
        assert told[0] == told[1]

    def check_closely(self) -> None:
        """Assert that logs and counts are the same too."""
        first, second = (side.store.read_sync(_look_closely) for side in self.sides)
        assert first == second

    def check_whole_log(self) -> None:
        """Assert that every event that is left is the same."""
        logs = [[_event(event) for event in _events(side.store, 0)] for side in self.sides]
        assert logs[0] == logs[1]


def _own(works: Mapping[int, Work[Any]], side: Side) -> Work[Any]:
    return works[id(side)]


def _send(transactions: Transactions[int], answer: Any) -> Work[Any] | int:
    try:
        return transactions.send(answer)
    except StopIteration as done:
        return int(done.value)


def _attempt(store: Store, work: Work[Any]) -> Any:
    try:
        return store.transact_sync(work)
    except (ErrandsError, Boom) as error:
        return error


def _raising(work: Work[Any], calls: int) -> Work[None]:
    def raising(uow: UnitOfWork) -> None:
        work(interrupted(uow, calls))
        raise Boom

    return raising


def _close_look(side: Side, *, closely: bool) -> object:
    return side.store.read_sync(_look_closely) if closely else None


def comparable(answer: Any) -> Any:
    """An answer without what may differ between stores: keys and sequences are their own."""
    match answer:
        case Exception():
            return type(answer), str(answer)
        case Job():
            return _row(answer, {})
        case Held():
            return answer.token
        case _:
            return _parts_of(answer)


def _parts_of(answer: Any) -> Any:
    if isinstance(answer, list | tuple):
        return [comparable(item) for item in cast("Iterable[Any]", answer)]
    if isinstance(answer, frozenset):
        return sorted(comparable(item) for item in cast("Iterable[Any]", answer))
    if isinstance(answer, SelectedPage):
        return answer.changed, answer.next is not None
    if isinstance(answer, Added | CycleResult | Settlement | Renewal):
        names = [field.name for field in attrs.fields(type(answer))]
        return {name: comparable(getattr(answer, name)) for name in names}
    return answer


def _row(job: Job, ranks: Mapping[str, Mapping[int, int]]) -> dict[str, Any]:
    row = {name: getattr(job, name) for name in _NAMES}
    for name in _RANKED:
        row[name] = ranks[name][row[name]] if ranks else None
    return row


def _seen(store: Store) -> dict[str, Any]:
    """How a store looks; some lists lock what they find, which a reader may not."""
    return store.transact_sync(_look)


def _look(uow: UnitOfWork) -> dict[str, Any]:
    jobs = uow.catalog.page(JobQuery(newest_first=False), after=None, limit=1_000).jobs
    ranks = {
        name: {value: at for at, value in enumerate(sorted(getattr(job, name) for job in jobs))}
        for name in _RANKED
    }
    return {
        "jobs": [_row(job, ranks) for job in jobs],
        "queues": [(q.name, q.is_paused, q.drained_at) for q in uow.queues.all()],
        "claimable": [uow.catalog.claimable(QUEUES, most) for most in (1, 2, len(QUEUES))],
        "agenda": uow.calendar.agenda(),
        "surplus": {
            (queue, status): [job.ref for job in uow.calendar.surplus(queue, status, 3)]
            for queue in QUEUES
            for status in TERMINAL
        },
    }


def _look_closely(uow: UnitOfWork) -> dict[Any, Any]:
    """What takes many statements to look at."""
    jobs = uow.catalog.page(JobQuery(), after=None, limit=1_000).jobs
    logs = {job.ref: uow.logs.read(job.key, limit=9) for job in jobs}
    counts = {
        (queue, status): uow.catalog.count(queue, status, 5)
        for queue in QUEUES
        for status in JobStatus
    }
    return {**logs, **counts}


def _new_events(side: Side) -> list[Any]:
    events = _events(side.store, side.cursor)
    ids = [side.cursor, *(event.id for event in events)]
    assert ids == sorted(set(ids))
    side.cursor = ids[-1]
    return [_event(event) for event in events]


def _events(store: Store, after: int) -> list[Event]:
    return list(store.read_sync(lambda uow: uow.events.read(after, 100_000, EventFilter())))


def _event(event: Event) -> Event:
    return attrs.evolve(event, id=0)
