"""How SQLite is spoken to: row by row, since a call costs microseconds and nobody else writes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import func, literal_column
from sqlalchemy.sql import ColumnElement

from .....core.domain.job.identity import JobRef
from .....core.ports.archive import Counters
from .....core.ports.lease_repository import Held
from ..grammar import ClaimValues, Grammar, Ref
from ..inserting import numbered, taken_of, told_of_others
from ..mapping import Row
from ..server.horizon import Settled
from ..session import Session
from .schema import TABLES, SqliteTables
from .statements import SqliteStatements


class SqliteGrammar(Grammar):
    """See the protocol."""

    def __init__(self) -> None:
        self.says = SqliteStatements(TABLES)

    @property
    def tables(self) -> SqliteTables:
        """See the protocol."""
        return TABLES

    @property
    def statements(self) -> SqliteStatements:
        """See the protocol."""
        return self.says

    def draw(self, session: Session, count: int) -> Sequence[int]:
        """See the protocol."""
        last = int(session.rows(self.says.draw, (count,))[0][0])
        return range(last - count + 1, last + 1)

    def last_sequence(self, session: Session) -> int:
        """See the protocol."""
        return int(session.rows(self.says.last_sequence)[0][0])

    def raise_counters(self, session: Session, counters: Counters) -> None:
        """See the protocol. The next event id is one above the highest by itself."""
        session.write(self.says.count_on, (counters.sequence,))

    def insert_jobs(
        self, session: Session, rows: Sequence[Row], told: Sequence[Row], *, are_free: bool
    ) -> Collection[Ref]:
        """See the protocol."""
        new = numbered(rows, self.draw(session, len(rows)))
        if len(new) == 1:
            written = session.write(self.says.insert_jobs, new[0])
        else:
            written = session.write_many(self.says.insert_jobs, new)
        taken = taken_of(self, session, new) if written < len(new) else ()
        told = told_of_others(told, taken) if taken else told
        if told:
            session.write_many(self.says.append_events, told)
        return taken

    def find(
        self, session: Session, refs: Collection[JobRef], *, bare: bool = False
    ) -> Sequence[Row]:
        """See the protocol. A transaction that writes has locked the whole file."""
        by_ref = self.says.by_ref_bare if bare else self.says.by_ref
        return [row for ref in refs for row in session.rows(by_ref, (ref.queue, ref.id))]

    def look(self, session: Session, refs: Collection[JobRef]) -> Sequence[Row]:
        """See the protocol."""
        return self.find(session, refs)

    def save(self, session: Session, rows: Sequence[Row]) -> Collection[int]:
        """See the protocol."""
        save = self.says.save_one
        return {row[-2] for row in rows if session.write(save, row) == 1}

    def remove(self, session: Session, keys: Collection[int]) -> int:
        """See the protocol."""
        each = [(key,) for key in keys]
        session.write_many(self.says.delete_logs, each)
        return session.write_many(self.says.delete_job, each)

    def claim(self, session: Session, claim: ClaimValues) -> Sequence[Row]:
        """See the protocol."""
        who = (claim.token, claim.worker)
        until = (claim.now, claim.until, claim.length)
        values = (claim.queue, claim.limit, *who, *until)
        return session.rows(self.says.claim, values)

    def renew(
        self, session: Session, held: Collection[Held], until: int
    ) -> Mapping[Held, int | None]:
        """See the protocol."""
        renew = self.says.renew
        return {
            hold: row[0]
            for hold in held
            for row in session.rows(renew, (until, hold.key, hold.token))
        }

    def record_progress(
        self, session: Session, reports: Sequence[tuple[Held, str]]
    ) -> Collection[Held]:
        """See the protocol."""
        save = self.says.save_progress
        return {
            hold for hold, text in reports if session.write(save, (text, hold.key, hold.token)) == 1
        }

    def append_events(self, session: Session, rows: Sequence[Row]) -> None:
        """See the protocol."""
        session.write_many(self.says.append_events, rows)

    def settled_events(self, session: Session) -> Settled | None:
        """See the protocol. One writer at a time: ids come in the order of the commits."""
        return None

    def register_queues(self, session: Session, names: Collection[str]) -> None:
        """See the protocol."""
        for name in sorted(names):
            session.write(self.says.register_queue, (name,))

    def save_queue(self, session: Session, row: Row) -> None:
        """See the protocol."""
        session.write(self.says.save_queue, row)

    def contains(self, column: ColumnElement[str], text: str) -> ColumnElement[bool]:
        """See the protocol."""
        return func.instr(column, text) > literal_column("0")


GRAMMAR: Final = SqliteGrammar()
"""The one grammar of all SQLite sessions; its statements are compiled once."""
