"""How MariaDB and MySQL are spoken to: rows are locked by key, changed by key, read by key."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import Text, func, literal, literal_column
from sqlalchemy.sql import ColumnElement

from .....core.domain.id_runs import IdRun
from .....core.domain.job.identity import JobRef
from .....core.ports.archive import Counters
from .....core.ports.lease_repository import Held
from ..grammar import ClaimValues, Grammar, Ref
from ..inserting import numbered, taken_of, told_of_others
from ..mapping import CHANGING, LOADED, NEW, Row
from ..parts import saved_parts
from ..questions import count_together, ids_around_gaps
from ..server.horizon import NOTHING, Known, Settled
from ..server.passed_over import runs_between
from ..session import Session
from ..statement import Statement
from .horizon import AskWritten, MysqlHorizon, Sight
from .own_events import OwnEvents
from .schema import MysqlTables
from .sequences import Sequences, sequences_of
from .statements import MysqlStatements


class CountsWritten(Session):
    """A session of ours, whose driver does not count rows that were left as they are.

    Those of SQLAlchemy do, and so may any that a caller brings. `known` is what was known of
    the log of events before its snapshot was taken.
    """

    known: Known


LEAST_PACKET: Final = 1024 * 1024
"""What any server takes unless somebody has set it to less."""
WIDEST: Final = 8
"""Bytes that a character of a text takes at most in the JSON of a statement."""
_FEW: Final = 2
"""Rows that cost less one by one than as JSON."""
_QUEUE, _ID = (LOADED.index(name) for name in ("queue", "id"))
_KEY = NEW.index("key")
_CHANGES: Final = len(CHANGING)


def _plain(value: object) -> str:
    """Text of a type of its own (a job's id) as plain text."""
    if isinstance(value, str):
        return str(value)
    raise NotImplementedError(type(value).__name__)


_encode: Final = msgspec.json.Encoder(enc_hook=_plain).encode


class MysqlGrammar(Grammar):
    """See the protocol. Remembers up to which event the log is settled."""

    def __init__(self, tables: MysqlTables, written: AskWritten) -> None:
        self.says = MysqlStatements(tables)
        self.sequences: Sequences = sequences_of(tables)
        self.own_events = OwnEvents()
        self.horizon = MysqlHorizon()
        self._written = written
        self.longest = LEAST_PACKET
        """How many bytes the server takes in one statement; each connection asks anew."""

    @property
    def tables(self) -> MysqlTables:
        """See the protocol."""
        return self.says.tables

    @property
    def statements(self) -> MysqlStatements:
        """See the protocol."""
        return self.says

    def draw(self, session: Session, count: int) -> Sequence[int]:
        """See the protocol."""
        return self.sequences.draw(session, count)

    def last_sequence(self, session: Session) -> int:
        """See the protocol."""
        return self.sequences.last(session)

    def raise_counters(self, session: Session, counters: Counters) -> None:
        """See the protocol. A row with an id moves the counter of ids behind it, for good."""
        self.sequences.count_on(session, counters.sequence)
        newest = int(session.rows(self.says.last_event)[0][0] or 0)
        if counters.event > newest:
            session.write(self.says.count_events_on, (counters.event,))
            session.write(self.says.drop_event, (counters.event,))

    def insert_jobs(
        self, session: Session, rows: Sequence[Row], told: Sequence[Row], *, are_free: bool
    ) -> Collection[Ref]:
        """See the protocol. A unit in a caller's transaction is never run again."""
        new = numbered(rows, self.draw(session, len(rows)))
        written = session.write_many(self.says.insert_job, new)
        if not isinstance(session, CountsWritten):
            written = len(new) if are_free else self._count(session, new)
        taken = taken_of(self, session, new) if written < len(new) else ()
        told = told_of_others(told, taken) if taken else told
        if told:
            self.append_events(session, told)
        return taken

    def _count(self, session: Session, rows: Sequence[Row]) -> int:
        """How many of these jobs are there under their own keys."""
        keys = _keys([row[_KEY] for row in rows])
        return int(session.rows(self.says.count_jobs, (keys,))[0][0])

    def find(
        self, session: Session, refs: Collection[JobRef], *, bare: bool = False
    ) -> Sequence[Row]:
        """See the protocol.

        Locked by key: a lock by queue and id takes the entry of that index first and the row
        then, where a DELETE by key comes the other way. A caller's transaction may see less
        than there is by now: for what it does not see, such a lock is asked for all the same.
        """
        keys = sorted(row[0] for row in session.rows(self.says.keys_by_ref, (_refs(refs),)))
        lock = self.says.by_key_locked_bare if bare else self.says.by_key_locked
        found = list(session.rows(lock, (_keys(keys),))) if keys else []
        there = {(row[_QUEUE], row[_ID]) for row in found}
        missing = sorted({(ref.queue, ref.id) for ref in refs} - there)
        return [
            *found,
            *(row for ref in missing for row in session.rows(self.says.by_ref_locked, ref)),
        ]

    def look(self, session: Session, refs: Collection[JobRef]) -> Sequence[Row]:
        """See the protocol."""
        if len(refs) == 1:
            (ref,) = refs
            return session.rows(self.says.by_ref, (ref.queue, ref.id))
        return session.rows(self.says.look, (_refs(refs),))

    def save(self, session: Session, rows: Sequence[Row]) -> Collection[int]:
        """See the protocol. In parts that the server takes, in the order of the keys."""
        parts = saved_parts(sorted(rows, key=_key_of), self.longest // WIDEST)
        return {key for part in parts for key in self._save(session, part)}

    def _save(self, session: Session, ordered: Sequence[Row]) -> Collection[int]:
        if len(ordered) <= _FEW:
            save = self.says.save_one
            return {_key_of(row) for row in ordered if session.write(save, row) == 1}
        versions = [row[_CHANGES:] for row in ordered]
        locked = {row[0] for row in session.rows(self.says.lock_versions, (_json(versions),))}
        mine = [(*row[_CHANGES:], *row[:_CHANGES]) for row in ordered if _key_of(row) in locked]
        if mine:
            session.write(self.says.save, (_json(mine),))
        return locked

    def remove(self, session: Session, keys: Collection[int]) -> int:
        """See the protocol."""
        rows = _keys(sorted(keys))
        session.write(self.says.remove_logs, (rows,))
        return session.write(self.says.remove, (rows,))

    def claimable(self, session: Session, queues: Sequence[str], now: int, most: int) -> list[str]:
        """See the protocol. Many in one statement."""
        if len(queues) <= _FEW:
            return super().claimable(session, queues, now, most)
        rows = _json([(name,) for name in queues])
        return [row[0] for row in session.rows(self.says.claimable, (rows, now, most))]

    @property
    def counts(self) -> Statement | None:
        """See the protocol. An index holds queue and status of all jobs."""
        return count_together(self.says)

    def claim(self, session: Session, claim: ClaimValues) -> Sequence[Row]:
        """See the protocol."""
        first = session.rows(self.says.lock_claimable, (claim.queue, claim.now, claim.limit))
        if not first:
            return []
        keys = _keys([row[0] for row in first])
        values = (keys, claim.now, claim.token, claim.worker, claim.until, claim.length)
        session.write(self.says.claim, values)
        return session.rows(self.says.by_key, (keys,))

    def renew(
        self, session: Session, held: Collection[Held], until: int
    ) -> Mapping[Held, int | None]:
        """See the protocol."""
        keys = _keys(sorted(hold.key for hold in held))
        locked = {
            Held(key, token): requested_at
            for key, token, requested_at in session.rows(self.says.lock_leases, (keys,))
        }
        renewed = {hold: locked[hold] for hold in held if hold in locked}
        if renewed:
            mine = _keys(sorted(hold.key for hold in renewed))
            session.write(self.says.renew, (mine, until))
        return renewed

    def record_progress(
        self, session: Session, reports: Sequence[tuple[Held, str]]
    ) -> Collection[Held]:
        """See the protocol. What is as it was counts as nothing written."""
        written: set[Held] = set()
        for hold, text in sorted(dict(reports).items(), key=lambda report: report[0].key):
            count = session.write(self.says.save_progress, (text, hold.key, hold.token))
            if count or session.rows(self.says.held, (hold.key, hold.token)):
                written.add(hold)
        return written

    def append_events(self, session: Session, rows: Sequence[Row]) -> None:
        """See the protocol. With VALUES, ids come in the order of the rows and without gaps."""
        session.write_many(self.says.append_event, rows)

    def settled_events(self, session: Session) -> Settled | None:
        """See the protocol."""

        def ids_behind(after: int, most: int) -> Sequence[int]:
            return [row[0] for row in session.rows(self.says.next_event_ids, (after, most))]

        def older(seconds: float) -> int:
            rows = session.rows(self.says.old_event, (int(seconds * 1000),))
            return int(rows[0][0]) if rows else 0

        def missing(after: int, up_to: int) -> Sequence[IdRun]:
            return runs_between(session.rows(around, (after, up_to)), after)

        around = ids_around_gaps(self.says)

        newest = int(session.rows(self.says.last_event)[0][0] or 0)
        known = session.known if isinstance(session, CountsWritten) else NOTHING
        sight = Sight(newest, ids_behind, older, missing, self._written)
        return self.horizon.settled(sight, known)

    def register_queues(self, session: Session, names: Collection[str]) -> None:
        """See the protocol."""
        for name in sorted(names):
            session.write(self.says.register_queue, (name,))

    def save_queue(self, session: Session, row: Row) -> None:
        """See the protocol."""
        session.write(self.says.save_queue, row)

    def contains(self, column: ColumnElement[str], text: str) -> ColumnElement[bool]:
        """See the protocol."""
        return func.instr(column, literal(text, Text())) > literal_column("0")


def _json(rows: Sequence[Row]) -> str:
    """Rows as a list of lists."""
    return _encode(rows).decode()


def _keys(keys: Sequence[int]) -> str:
    """Keys as rows of one value."""
    return _encode([(key,) for key in keys]).decode()


def _refs(refs: Collection[JobRef]) -> str:
    return _encode([(ref.queue, ref.id) for ref in refs]).decode()


def _key_of(row: Row) -> int:
    """The key of a row of `CHANGING` values, key and version."""
    return int(row[_CHANGES])
