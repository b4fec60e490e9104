"""How PostgreSQL is spoken to: one statement for any number of rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Text, case, cast, exists, func, literal, literal_column, select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql import ColumnElement

from .....core.domain.job.identity import JobRef
from .....core.ports.archive import Counters
from .....core.ports.lease_repository import Held
from ..grammar import ClaimValues, Grammar, Ref
from ..inserting import refs_of
from ..mapping import EVENT, NEW, Row, json_text
from ..server.horizon import LONGEST_WAIT, Horizon, Look, Settled
from ..session import Session
from ..statement import Parameters, Statement
from ..statements import ONE
from .schema import PostgresqlTables
from .statements import HELD, REF, REPORT, SAVED, TOLD, PostgresqlStatements

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
    """A session with a commit of its own, which takes along what need not be known before."""

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
        self._horizon = Horizon()

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
        if are_free and isinstance(session, WritesLate):
            session.insert_late(rows, told)
            return ()
        statement, values = self.insertion(rows, told)
        written = {(queue, id_) for queue, id_ in session.rows(statement, values)}
        return () if are_free else set(refs_of(rows)) - written

    def insertion(self, rows: Sequence[Row], told: Sequence[Row]) -> tuple[Statement, Parameters]:
        """The statement that writes new jobs and their events, with its parameters."""
        if len(rows) == len(told) == 1:
            return self.says.insert_job, (*rows[0][1:], *_told(told[0]))
        return self.says.insert_jobs, (_json(NEW, rows), _events(told))

    def telling(self, rows: Sequence[Row]) -> list[tuple[Statement, Parameters]]:
        """Statements that write events, with their parameters; for one message."""
        if len(rows) <= FEW_EVENTS:
            return [(self.says.append_event, row) for row in rows]
        return [(self.says.append_events, (_events(rows),))]

    def find(self, session: Session, refs: Collection[JobRef]) -> Sequence[Row]:
        """See the protocol."""
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
        if len(rows) == 1:
            return {_key(row) for row in rows if session.write(self.says.save_one, row) == 1}
        ordered = sorted(rows, key=_key)
        return {row[0] for row in _in_order(session, self.says.save, _json(SAVED, ordered))}

    def remove(self, session: Session, keys: Collection[int]) -> None:
        """See the protocol."""
        rows = (_json(["of_key"], [(key,) for key in sorted(keys)]),)
        session.write(self.says.remove_logs, rows)
        session.write(self.says.remove, rows)

    def claimable(self, session: Session, queues: Sequence[str], now: int, most: int) -> list[str]:
        """See the protocol. Many in one statement."""
        if len(queues) <= FEW_QUEUES:
            return super().claimable(session, queues, now, most)
        rows = _json(["of_queue"], [(name,) for name in queues])
        return [row[0] for row in session.rows(self.says.claimable, (rows, now, most))]

    def claim(self, session: Session, claim: ClaimValues) -> Sequence[Row]:
        """See the protocol."""
        values = (claim.queue, claim.limit, claim.token, claim.worker, claim.now, claim.until)
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
        written = _in_order(session, self.says.record_progress, _json(REPORT, rows))
        return {Held(key, token) for key, token in written}

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

        def surely_settled() -> int:
            rows = session.rows(self.says.old_event, (int(LONGEST_WAIT * 1000),))
            return int(rows[0][0]) if rows else 0

        def writers() -> Collection[str]:
            return [row[0] for row in session.rows(self.says.event_writers)]

        newest = int(session.rows(self.says.last_event)[0][0] or 0)
        return self._horizon.settled(Look(newest, ids_behind, surely_settled, writers))

    def register_queues(self, session: Session, names: Collection[str]) -> None:
        """See the protocol."""
        for name in sorted(names):
            session.write(self.says.register_queue, (name,))

    def save_queue(self, session: Session, row: Row) -> None:
        """See the protocol."""
        session.write(self.says.save_queue, row)

    def has_tag(self, tag: str) -> ColumnElement[bool]:
        """See the protocol."""
        found: ColumnElement[bool] = self._labels["tags"].op("?")(literal(tag))
        return found

    def has_metadata(self, key: str, value: Any) -> ColumnElement[bool]:
        """See the protocol. Numbers are equal by value, everything else by its JSON."""
        wanted = cast(literal(json_text(value), Text()), JSONB)
        found = self._labels["metadata"].op("->")(literal(key, Text()))
        return type_coerce(found, JSONB) == wanted

    def has_error(self, text: str) -> ColumnElement[bool]:
        """See the protocol."""
        failures = _as_json(self.tables.jobs.c.failures, "[%]")
        entries = func.jsonb_array_elements(failures).table_valued("value", name="failure")
        entry = type_coerce(entries.c.value, JSONB)
        kind, message = entry[0].astext, entry[1].astext
        reason = func.concat_ws(": ", kind, func.nullif(message, literal_column("''")))
        found = func.strpos(reason, literal(text, Text())) > literal_column("0")
        return exists(select(ONE).select_from(entries).where(found))

    @property
    def _labels(self) -> Any:
        return _as_json(self.tables.jobs.c.labels, "{%}")


def _as_json(column: ColumnElement[str], shape: str) -> Any:
    """A column as JSON, NULL where it has not even the shape of it.

    One damaged row must not end a search; before PostgreSQL 16 nothing tells what is JSON.
    """
    looks_sound = column.like(literal_column(f"'{shape}'"))
    return cast(case((looks_sound, column)), JSONB)


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
