"""How PostgreSQL is spoken to: one statement for any number of rows."""

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
from ..inserting import refs_of, told_of
from ..mapping import EVENT, NEW, Row
from ..parts import new_parts, reported_parts, saved_parts
from ..questions import ids_around_gaps
from ..server.horizon import NOTHING, Horizon, Known, Look, Settled
from ..server.passed_over import runs_between
from ..session import Session
from ..statement import Parameters, Statement
from .insert_statements import TOLD
from .schema import PostgresqlTables
from .statements import HELD, REF, REPORT, SAVED, PostgresqlStatements

MOST_CHARACTERS: Final = 32 * 1024 * 1024
"""Characters of the long texts in one statement: a message has at most a gigabyte."""
FEW_QUEUES: Final = 3
"""Queues that cost less one by one than as JSON."""


def _plain(value: object) -> str:
    """Text of a type of its own (a job's id) as plain text."""
    if isinstance(value, str):
        return str(value)
    raise NotImplementedError(type(value).__name__)


_encode: Final = msgspec.json.Encoder(enc_hook=_plain).encode


_OWN: Final = [EVENT.index(name) for name in TOLD]
FEW_EVENTS: Final = 4
"""Events that the server reads sooner one by one than as JSON."""


class WritesLate(Session):
    """A session with a commit of its own, which takes along what need not be known before.

    `known` is what was known of the log of events before its snapshot was taken.
    """

    known: Known

    def rows_outside(self, statement: Statement, parameters: Parameters) -> Sequence[Row]:
        """Rows of a statement that no transaction holds or undoes."""
        raise NotImplementedError

    def rows_in_order(self, statement: Statement, parameters: Parameters) -> Sequence[Row]:
        """Rows of a change of many jobs, which locks them in the order in which they are given."""
        raise NotImplementedError

    def insert_late(self, jobs: Sequence[Row], births: Sequence[Row]) -> None:
        """Write new jobs, whose ids are surely free, and their events with what comes next."""
        raise NotImplementedError

    def append_late(self, events: Sequence[Row]) -> None:
        """Write events with the commit, or before events are read."""
        raise NotImplementedError


class PostgresqlGrammar(Grammar):
    """See the protocol. Remembers up to which event the log is settled."""

    def __init__(self, tables: PostgresqlTables) -> None:
        self.says = PostgresqlStatements(tables)
        self.horizon = Horizon()

    @property
    def tables(self) -> PostgresqlTables:
        """See the protocol."""
        return self.says.tables

    @property
    def statements(self) -> PostgresqlStatements:
        """See the protocol."""
        return self.says

    def draw(self, session: Session, count: int) -> Sequence[int]:
        """See the protocol. A sequence belongs to no transaction."""
        ask = session.rows_outside if isinstance(session, WritesLate) else session.rows
        return sorted(row[0] for row in ask(self.says.draw, (count,)))

    def last_sequence(self, session: Session) -> int:
        """See the protocol."""
        return int(session.rows(self.says.last_sequence)[0][0])

    def raise_counters(self, session: Session, counters: Counters) -> None:
        """See the protocol. Sequences belong to no transaction: this stays if it rolls back."""
        session.rows(self.says.count_sequence_on, (counters.sequence,))
        session.rows(self.says.count_events_on, (counters.event,))

    def insert_jobs(
        self, session: Session, rows: Sequence[Row], told: Sequence[Row], *, are_free: bool
    ) -> Collection[Ref]:
        """See the protocol."""
        missing: set[Ref] = set()
        for part in new_parts(rows, MOST_CHARACTERS):
            births = told if len(part) == len(rows) else told_of(told, part)
            if are_free and isinstance(session, WritesLate):
                session.insert_late(part, births)
            else:
                statement, values = self._asking(part, births)
                written = {(queue, id_) for queue, id_ in session.rows(statement, values)}
                missing |= set(refs_of(part)) - written
        return missing

    def _asking(self, rows: Sequence[Row], told: Sequence[Row]) -> tuple[Statement, Parameters]:
        if len(rows) == len(told) == 1:
            return self.alone(rows[0], told[0])
        return self.says.insert_jobs, (_json(NEW, rows), _events(told))

    def alone(self, row: Row, told: Row) -> tuple[Statement, Parameters]:
        """The statement that writes one job and its one event, or neither; its parameters."""
        return self.says.insert_job, (*row[1:], *_told(told))

    def all_or_none(self, rows: Sequence[Row], told: Sequence[Row]) -> tuple[Statement, Parameters]:
        """The statement that writes new jobs and events, and fails where one is not written."""
        return self.says.insert_all_jobs, (_json(NEW, rows), _events(told), len(rows))

    def telling(self, rows: Sequence[Row]) -> list[tuple[Statement, Parameters]]:
        """Statements that write events, with their parameters; for one message."""
        if len(rows) <= FEW_EVENTS:
            return [(self.says.append_event, row) for row in rows]
        return [(self.says.append_events, (_events(rows),))]

    def find(
        self, session: Session, refs: Collection[JobRef], *, bare: bool = False
    ) -> Sequence[Row]:
        """See the protocol."""
        if bare:
            return session.rows(self.says.find_bare, (_refs(refs),))
        if len(refs) == 1:
            (ref,) = refs
            return session.rows(self.says.by_ref_locked, (ref.queue, ref.id))
        return session.rows(self.says.find, (_refs(refs),))

    def look(self, session: Session, refs: Collection[JobRef]) -> Sequence[Row]:
        """See the protocol."""
        if len(refs) == 1:
            (ref,) = refs
            return session.rows(self.says.by_ref, (ref.queue, ref.id))
        return session.rows(self.says.look, (_refs(refs),))

    def save(self, session: Session, rows: Sequence[Row]) -> Collection[int]:
        """See the protocol. In the order of the keys, which is that of the locks."""
        parts = saved_parts(sorted(rows, key=_key), MOST_CHARACTERS)
        return {key for part in parts for key in self._save(session, part)}

    def _save(self, session: Session, ordered: Sequence[Row]) -> Collection[int]:
        if len(ordered) == 1:
            return {_key(row) for row in ordered if session.write(self.says.save_one, row) == 1}
        return {row[0] for row in _in_order(session, self.says.save, _json(SAVED, ordered))}

    def remove(self, session: Session, keys: Collection[int]) -> int:
        """See the protocol."""
        rows = (_json(["of_key"], [(key,) for key in sorted(keys)]),)
        session.write(self.says.remove_logs, rows)
        return session.write(self.says.remove, rows)

    def claimable(self, session: Session, queues: Sequence[str], now: int, most: int) -> list[str]:
        """See the protocol. Many in one statement."""
        if len(queues) <= FEW_QUEUES:
            return super().claimable(session, queues, now, most)
        rows = _json(["of_queue"], [(name,) for name in queues])
        return [row[0] for row in session.rows(self.says.claimable, (rows, now, most))]

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
        rows = _json(HELD, [(hold.key, hold.token) for hold in held])
        renewed = session.rows(self.says.renew, (rows, until))
        return {Held(key, token): requested_at for key, token, requested_at in renewed}

    def record_progress(
        self, session: Session, reports: Sequence[tuple[Held, str]]
    ) -> Collection[Held]:
        """See the protocol."""
        latest = dict(reports)
        rows = sorted((hold.key, hold.token, text) for hold, text in latest.items())
        return {
            Held(key, token)
            for part in reported_parts(rows, MOST_CHARACTERS)
            for key, token in _in_order(session, self.says.record_progress, _json(REPORT, part))
        }

    def append_events(self, session: Session, rows: Sequence[Row]) -> None:
        """See the protocol."""
        if isinstance(session, WritesLate):
            session.append_late(rows)
        else:
            session.write(self.says.append_events, (_events(rows),))

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

        def writers() -> Collection[str]:
            return [row[0] for row in session.rows(self.says.event_writers)]

        def longest_writer() -> float:
            return float(session.rows(self.says.longest_writer)[0][0])

        newest = int(session.rows(self.says.last_event)[0][0] or 0)
        known = session.known if isinstance(session, WritesLate) else NOTHING
        look = Look(newest, ids_behind, older, missing, writers, longest_writer)
        return self.horizon.settled(look, known)

    def register_queues(self, session: Session, names: Collection[str]) -> None:
        """See the protocol."""
        for name in sorted(names):
            session.write(self.says.register_queue, (name,))

    def save_queue(self, session: Session, row: Row) -> None:
        """See the protocol."""
        session.write(self.says.save_queue, row)

    def contains(self, column: ColumnElement[str], text: str) -> ColumnElement[bool]:
        """See the protocol."""
        return func.strpos(column, literal(text, Text())) > literal_column("0")


def _in_order(session: Session, statement: Statement, given: str) -> Sequence[Row]:
    """Rows of a change of many jobs. In a caller's transaction they are locked as they come."""
    ask = session.rows_in_order if isinstance(session, WritesLate) else session.rows
    return ask(statement, (given,))


def _json(names: Sequence[str], rows: Sequence[Row]) -> str:
    """Rows as a list of objects, without their NULLs."""
    return _encode(
        [
            {name: value for name, value in zip(names, row, strict=True) if value is not None}
            for row in rows
        ]
    ).decode()


def _events(rows: Sequence[Row]) -> str:
    """Events with their places in the list."""
    return _json((*EVENT, "place"), [(*row, place) for place, row in enumerate(rows)])


def _told(event: Row) -> Row:
    """What an event says that its job does not."""
    return [event[place] for place in _OWN]


def _refs(refs: Collection[JobRef]) -> str:
    return _json(REF, [(ref.queue, ref.id) for ref in refs])


def _key(row: Row) -> int:
    return int(row[-2])
