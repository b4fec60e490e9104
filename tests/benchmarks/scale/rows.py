"""Many rows at once: copies of jobs that the library itself has added and run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any, Final

import attrs

from errands.infrastructure.persistence.sql.schema import Tables
from tests.benchmarks.scale.names import TOLD
from tests.benchmarks.stores.postgresql import Postgresql
from tests.benchmarks.stores.server import engine_of

DAY: Final = 86_400_000
ID: Final = (
    "substr(lpad(to_hex({at}), 12, '0'), 1, 8) || '-' || substr(lpad(to_hex({at}), 12, '0'), 9)"
    " || '-7' || substr(md5({key}::text), 1, 3) || '-a' || substr(md5({key}::text), 4, 3)"
    " || '-' || substr(md5({key}::text), 7, 12)"
)
"""An id as wide as the library's own, rising with time."""


@attrs.frozen(kw_only=True)
class Copies:
    """So many copies of one job and its events.

    They are spread over `days` before now, and over so many queues of `queue`, whose number
    stands for `{}`. `changed` are further columns, in SQL; `n` counts the copies.
    """

    model: str
    count: int
    queue: str
    queues: int = 1
    days: float = 6
    changed: dict[str, str] = attrs.field(factory=dict[str, str])


@attrs.frozen(eq=False)
class Rows:
    """Makes rows in one database, in pieces of which each is a transaction."""

    store: Postgresql
    url: str
    chunk: int
    say: Callable[[str], None]
    step_aside: Callable[[], None]

    def make(self, copies: Copies, *, bare: bool = False) -> None:
        """Write them; with `bare`, without the indexes, which are made again afterwards."""
        with closing(self.store.connect(self.url)) as connection:
            connection.execute("SET synchronous_commit = off")
            connection.execute("SET maintenance_work_mem = '512MB'")
            indexes = self._strip(connection) if bare else []
            for first in range(0, copies.count, self.chunk):
                last = min(first + self.chunk, copies.count)
                self.say(f"rows {first:,} to {last:,} of {copies.count:,}")
                self._write(connection, copies, first, last)
                self.step_aside()
            for text in indexes:
                self.say(text.partition(" ON ")[0].lower())
                connection.execute(text)
                self.step_aside()
            connection.execute(
                "SELECT setval('errands_job_sequence', (SELECT max(key) FROM errands_job))"
            )
        self.tidy()

    def tidy(self) -> None:
        """What the server does by itself after a while."""
        self.say("vacuum")
        with closing(self.store.connect(self.url)) as connection:
            connection.execute("VACUUM (ANALYZE)")
            connection.execute("CHECKPOINT")

    def _write(self, connection: Any, copies: Copies, first: int, last: int) -> None:
        [(base,)] = connection.execute("SELECT max(key) FROM errands_job").fetchall()
        tables = engine_of(self.url).dialect.tables
        given = f"generate_series({first + 1}::bigint, {last}::bigint) AS n"
        span = f"(n::double precision / {copies.count} * {round(copies.days * DAY)})::bigint"
        at = f"(model.created_at - {round(copies.days * DAY)} + {span})"
        number = _Numbers(
            key=f"{base} + n - {first}", at=at, shift=f"({at} - model.created_at)", copies=copies
        )
        where = "WHERE model.id = %s ORDER BY n"
        job, event = number.of_job(tables), number.of_event(tables)
        connection.execute(
            f"INSERT INTO errands_job ({', '.join(job)}) SELECT {', '.join(job.values())}"
            f" FROM {given}, errands_job AS model {where}",
            (copies.model,),
        )
        written = connection.execute(
            f"INSERT INTO errands_event ({', '.join(event)}) SELECT {', '.join(event.values())}"
            f" FROM {given}, errands_job AS model JOIN {TOLD} AS told"
            f" ON told.job_id = model.id AND told.queue = model.queue {where}, told.id",
            (copies.model,),
        )
        if written.rowcount < last - first:
            raise RuntimeError(f"{written.rowcount} events for {last - first} copies of a job")

    def _strip(self, connection: Any) -> list[str]:
        """Drop the indexes of jobs and events but the primary keys; what makes them again."""
        query = (
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
            " AND tablename IN ('errands_job', 'errands_event') AND indexname NOT LIKE %s"
        )
        found = connection.execute(query, ("%\\_pkey",)).fetchall()
        for name, _ in found:
            connection.execute(f"DROP INDEX {name}")
        return [text for _, text in found]


@attrs.frozen(kw_only=True)
class _Numbers:
    """The columns of a copy, in SQL over the job `model`, its event `told` and the number n."""

    key: str
    at: str
    shift: str
    copies: Copies

    def of_job(self, tables: Tables) -> dict[str, str]:
        """Its row."""
        columns = {column.name: f"model.{column.name}" for column in tables.jobs.columns}
        times = ("started_at", "finished_at", "purge_at", "run_at", "lease_expires_at")
        return {
            **columns,
            **{name: f"model.{name} + {self.shift}" for name in times},
            "key": self.key,
            "sequence": self.key,
            "created_at": self.at,
            "id": self._id,
            "queue": self._queue,
            **self.copies.changed,
        }

    def of_event(self, tables: Tables) -> dict[str, str]:
        """The row of an event."""
        columns = {column.name: f"told.{column.name}" for column in tables.events.columns}
        del columns["id"]
        changed = {"at": f"told.at + {self.shift}", "job_id": self._id, "queue": self._queue}
        return {**columns, **changed}

    @property
    def _id(self) -> str:
        return ID.format(at=self.at, key=f"({self.key})")

    @property
    def _queue(self) -> str:
        before, _, after = self.copies.queue.partition("{}")
        if before == self.copies.queue:
            return f"'{before}'"
        return f"'{before}' || mod(n - 1, {self.copies.queues}) || '{after}'"
