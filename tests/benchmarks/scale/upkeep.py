"""What goes on beside the jobs: looks, counts, events, and the scheduler's maintenance."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from time import perf_counter
from typing import Final

from errands import Errands
from errands.core.application.use_cases import maintain, read
from errands.core.ports.event_log import EventFilter
from errands.core.ports.store import Store, Work
from errands.infrastructure.persistence.open_database import open_database
from tests.benchmarks.jobs import QUEUE, application
from tests.benchmarks.scale.ground import Found, Ground
from tests.benchmarks.scale.names import SCRATCH
from tests.benchmarks.scale.rows import Copies

PAGE: Final = 500
SCALING: Final = f"SELECT ready + active FROM errands_backlog WHERE queue = '{QUEUE}'"
BACKLOG: Final = "SELECT * FROM errands_backlog"
PURGEABLE: Final = {"purge_at": "1"}
DUE: Final = {"status": "'delayed'", "run_at": "1", "queue": f"'{SCRATCH}'"}
EXPIRED: Final = {
    "status": "'active'",
    "lease_expires_at": "1",
    "token": "'token'",
    "worker": "'a worker that is gone'",
    "starts": "1",
    "queue": f"'{SCRATCH}'",
}


def measure_looks(ground: Ground) -> Found:
    """What people and programs ask for, each the median of some times."""
    with _store(ground) as (app, store), closing(ground.store.connect(ground.url)) as connection:
        newest = store.read_sync(read.last_event_id)
        page = partial(read.read_page, after=newest - PAGE, limit=PAGE, wanted=EventFilter())
        asked: dict[str, Callable[[], object]] = {
            "`counts()` of one queue": app.sync.queue(QUEUE).counts,
            "list of all queues with their counts": app.sync.queues,
            "`errands_backlog`: ready + active of one queue": partial(connection.execute, SCALING),
            "`errands_backlog`: everything": partial(connection.execute, BACKLOG),
            "facts of `errands db status`": open_database(store).facts,
            "the newest 500 events": partial(store.read_sync, page),
            "scheduler: what is due next": partial(store.read_sync, maintain.agenda),
        }
        for what, ask in asked.items():
            yield what, _median_ms(ask, ground.sizes.looks), "ms"


def measure_upkeep(ground: Ground) -> Found:
    """The scheduler's batches of 500: what each does in a second, and the slowest one."""
    count = ground.sizes.removed
    kinds: list[tuple[str, str, dict[str, str], Work[int]]] = [
        ("retention of jobs", ground.completed, PURGEABLE, maintain.purge),
        ("promotion", ground.waiting, DUE, maintain.promote_due),
        ("expiry of leases", ground.waiting, EXPIRED, maintain.expire_leases),
    ]
    for what, model, changed, batch in kinds:
        copies = Copies(model=model, count=count, queue=SCRATCH, days=0.01, changed=changed)
        ground.rows.make(copies)
        yield from _batches(ground, what, "jobs", batch)
        _forget(ground)
    ground.look("UPDATE errands_event SET at = 1 WHERE id <= ? RETURNING 1", _nth_event(ground))
    prune = partial(maintain.prune_events, keep=timedelta(days=3650))
    yield from _batches(ground, "retention of events", "events", prune)
    with _store(ground) as (_, store):
        trim = partial(maintain.trim, queue=QUEUE)
        spent = _median_ms(partial(store.transact_sync, trim), ground.sizes.looks)
        yield "retention by count, one queue with nothing to remove", spent, "ms"


def measure_size(ground: Ground) -> Found:
    """Bytes on disk for each job there is, with all indexes."""
    jobs = ground.one("SELECT count(*) FROM errands_job")
    for what, table in (("a job's row", "errands_job"), ("a job's events", "errands_event")):
        heap = ground.one(f"SELECT pg_table_size('{table}')")
        indexes = ground.one(f"SELECT pg_indexes_size('{table}')")
        yield f"on disk: {what}", heap / jobs, "bytes"
        yield f"on disk: {what}, indexes", indexes / jobs, "bytes"


def _nth_event(ground: Ground) -> int:
    found = ground.one(
        "SELECT max(id) FROM (SELECT id FROM errands_event ORDER BY id LIMIT ?) AS oldest",
        ground.sizes.removed,
    )
    return int(found)


def _batches(ground: Ground, what: str, of: str, batch: Work[int]) -> Found:
    taken: list[float] = []
    with _store(ground) as (_, store):
        done, began = maintain.PAGE, perf_counter()
        total = 0
        while done == maintain.PAGE:
            started = perf_counter()
            done = store.transact_sync(batch)
            taken.append(1e3 * (perf_counter() - started))
            total += done
        spent = perf_counter() - began
    yield what, total / spent, f"{of}/s"
    yield f"{what}: the slowest batch", max(taken), "ms"


def _forget(ground: Ground) -> None:
    for table in ("job", "event"):
        ground.look(f"DELETE FROM errands_{table} WHERE queue = ? RETURNING 1", SCRATCH)


def _median_ms(ask: Callable[[], object], times: int) -> float:
    taken: list[float] = []
    for _ in range(times):
        began = perf_counter()
        ask()
        taken.append(1e3 * (perf_counter() - began))
    return statistics.median(taken)


@contextmanager
def _store(ground: Ground) -> Generator[tuple[Errands, Store]]:
    app = application(ground.url)
    with app.sync:
        yield app, app.container.store()
