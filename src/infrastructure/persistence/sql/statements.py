"""The hot statements, each built once with Core by a named function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Integer,
    Table,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ColumnElement, Select

from . import mapping
from .mapping import ACTIVE, DELAYED, TERMINAL_LIST, UNSTARTED_LIST, WAITING
from .schema import events, jobs, logs, meta, queues, sequences
from .statement import BULK, Statement

_c = jobs.c
_ONE: Final[ColumnElement[int]] = literal_column("1")
_ZERO: Final[ColumnElement[int]] = literal_column("0")
Values = dict[str, BindParameter[Any]]
_LOADED: Final = [_c[name] for name in mapping.LOADED]


def _bound(name: str) -> ColumnElement[int]:
    """A parameter of LIMIT or OFFSET, in a sum: newer SQLite plans anew for a bare one."""
    return bindparam(name, type_=Integer()) + _ZERO


def bounded(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """The first rows of a query, as many as the parameter `most` says."""
    return query.limit(_bound("most")).offset(_ZERO)


def _is(literal: str) -> ColumnElement[bool]:
    return _c.status == literal_column(literal)


def _in(literals: str) -> ColumnElement[bool]:
    return _c.status.op("IN")(literal_column(f"({literals})"))


def _draw() -> Statement:
    row = sequences
    statement = (
        update(row)
        .where(row.c.name == literal_column("'job'"))
        .values(value=row.c.value + bindparam("count"))
        .returning(row.c.value)
    )
    return Statement(statement, ["count"])


def _insert_jobs() -> Statement:
    names = (*mapping.INSERTED, *mapping.CHANGING, "version", "data")
    return _insert(jobs, names, on_taken=["id", "queue"])


def _insert(table: Table, names: Sequence[str], *, on_taken: Sequence[str] = ()) -> Statement:
    """An insert of one row, or of many at once; a taken unique key leaves its row out."""

    def of(rows: Sequence[Values], parameters: Sequence[str]) -> Statement:
        statement = sqlite.insert(table).values(rows if len(rows) > 1 else rows[0])
        if on_taken:
            statement = statement.on_conflict_do_nothing(index_elements=list(on_taken))
        return Statement(statement, parameters, bulk=bulk if len(rows) == 1 else None)

    def row(suffix: str = "") -> Values:
        return {name: bindparam(name + suffix) for name in names}

    def bulk() -> Statement:
        places = range(BULK)
        parameters = [f"{name}_{place}" for place in places for name in names]
        return of([row(f"_{place}") for place in places], parameters)

    return of([row()], names)


def _save() -> Statement:
    values: Values = {name: bindparam("new_" + name) for name in mapping.CHANGING}
    statement = (
        update(jobs)
        .where(_c.key == bindparam("of_key"), _c.version == bindparam("of_version"))
        .values(version=_c.version + literal_column("1"), **values)
    )
    return Statement(
        statement, ["new_" + name for name in mapping.CHANGING] + ["of_key", "of_version"]
    )


def _save_data() -> Statement:
    statement = update(jobs).where(_c.key == bindparam("of_key")).values(data=bindparam("text"))
    return Statement(statement, ["text", "of_key"])


def _by_ref() -> Statement:
    statement = select(*_LOADED).where(
        _c.queue == bindparam("of_queue"), _c.id == bindparam("of_id")
    )
    return Statement(statement, ["of_queue", "of_id"])


def is_paused(queue: str) -> ColumnElement[bool]:
    """Whether the queue bound as `queue` is paused."""
    row = queues
    paused: Select[*tuple[Any, ...]] = select(_ONE).where(
        row.c.name == bindparam(queue), row.c.paused == literal_column("1")
    )
    return exists(paused)


def _claimable() -> ColumnElement[bool]:
    lapses = or_(_c.lapses_at.is_(None), _c.lapses_at > bindparam("now"))
    return (_c.queue == bindparam("of_queue")) & _is(WAITING) & lapses


def _claim() -> Statement:
    first = (
        select(_c.key)
        .where(_claimable(), ~is_paused("of_queue"))
        .order_by(_c.priority.desc(), _c.turn, _c.sequence)
        .limit(_bound("most"))
        .offset(_ZERO)
    )
    statement = (
        update(jobs)
        .where(_c.key.in_(first))
        .values(
            status=literal_column(ACTIVE),
            version=_c.version + literal_column("1"),
            starts=_c.starts + literal_column("1"),
            started_at=bindparam("now"),
            token=bindparam("new_token"),
            worker=bindparam("new_worker"),
            lease_expires_at=bindparam("until"),
        )
        .returning(*_LOADED)
    )
    return Statement(statement, ["of_queue", "most", "new_token", "new_worker", "now", "until"])


def _has_claimable() -> Statement:
    statement: Select[*tuple[Any, ...]] = (
        select(_ONE).where(_claimable(), ~is_paused("of_queue")).limit(_ONE).offset(_ZERO)
    )
    return Statement(statement, ["of_queue", "now"])


_OWN: Final = (_c.key == bindparam("of_key")) & (_c.token == bindparam("of_token"))
_HELD: Final = _OWN & _is(ACTIVE)


def _write_held(column: str) -> Statement:
    statement = update(jobs).where(_HELD).values({column: bindparam("new")})
    return Statement(statement, ["new", "of_key", "of_token"])


def _held() -> Statement:
    statement = select(_c.cancel_requested_at).where(_HELD)
    return Statement(statement, ["of_key", "of_token"])


def _flagged() -> Statement:
    statement = select(_c.key, _c.token).where(
        _is(ACTIVE), _c.cancel_requested_at.is_not(None), _c.worker == bindparam("of_worker")
    )
    return Statement(statement, ["of_worker"])


def _due() -> Statement:
    statement = (
        select(*_LOADED)
        .where(_is(DELAYED), _c.run_at <= bindparam("now"))
        .order_by(_c.run_at, _c.sequence)
        .limit(_bound("most"))
        .offset(_ZERO)
    )
    return Statement(statement, ["now", "most"])


def _expired() -> Statement:
    statement = (
        select(*_LOADED)
        .where(_is(ACTIVE), _c.lease_expires_at <= bindparam("now"))
        .order_by(_c.lease_expires_at, _c.key)
        .limit(_bound("most"))
        .offset(_ZERO)
    )
    return Statement(statement, ["now", "most"])


def _lapsed() -> Statement:
    statement = (
        select(*_LOADED)
        .where(_in(UNSTARTED_LIST), _c.lapses_at.is_not(None), _c.lapses_at <= bindparam("now"))
        .order_by(_c.lapses_at, _c.key)
        .limit(_bound("most"))
        .offset(_ZERO)
    )
    return Statement(statement, ["now", "most"])


def _purgeable() -> Statement:
    statement = (
        select(*_LOADED)
        .where(_c.purge_at.is_not(None), _c.purge_at <= bindparam("now"))
        .order_by(_c.purge_at, _c.key)
        .limit(_bound("most"))
        .offset(_ZERO)
    )
    return Statement(statement, ["now", "most"])


def _settled_newest_first(*columns: ColumnElement[Any]) -> Statement:
    statement: Select[*tuple[Any, ...]] = (
        select(*columns)
        .where(
            _c.queue == bindparam("of_queue"),
            _c.status == bindparam("of_status"),
            _in(TERMINAL_LIST),
        )
        .order_by(_c.finished_at.desc(), _c.key.desc())
        .limit(_bound("most"))
        .offset(_bound("kept"))
    )
    return Statement(statement, ["of_queue", "of_status", "most", "kept"])


def _next(column: ColumnElement[int], *conditions: ColumnElement[bool]) -> Statement:
    return Statement(select(func.min(column)).where(*conditions), [])


def _delete_job() -> Statement:
    return Statement(delete(jobs).where(_c.key == bindparam("of_key")), ["of_key"])


def _delete_logs() -> Statement:
    return Statement(delete(logs).where(logs.c.job_key == bindparam("of_key")), ["of_key"])


def _of_job(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return statement.where(logs.c.job_key == bindparam("of_key"))


def _append_line() -> Statement:
    return _insert(logs, ("job_key", "number", "at", "text"))


def _newest_lines() -> Statement:
    newest = _of_job(select(logs.c.number, logs.c.at, logs.c.text))
    ordered = newest.order_by(logs.c.number.desc()).limit(_bound("most")).offset(_ZERO)
    return Statement(ordered, ["of_key", "most"])


def _drop_lines() -> Statement:
    old = (logs.c.job_key == bindparam("of_key")) & (logs.c.number <= bindparam("up_to"))
    return Statement(delete(logs).where(old), ["of_key", "up_to"])


def _append_events() -> Statement:
    return _insert(events, mapping.EVENT)


def _register_queue() -> Statement:
    statement = (
        sqlite.insert(queues)
        .values(
            name=bindparam("of_name"),
            paused=literal_column("0"),
            turn=literal_column("0"),
            drained_sequence=literal_column("0"),
        )
        .on_conflict_do_nothing(index_elements=["name"])
    )
    return Statement(statement, ["of_name"])


def _save_queue() -> Statement:
    names = ("name", "paused", "turn", "drained_sequence")
    new = sqlite.insert(queues).values({name: bindparam("new_" + name) for name in names})
    statement = new.on_conflict_do_update(
        index_elements=["name"], set_={name: new.excluded[name] for name in names[1:]}
    )
    return Statement(statement, ["new_" + name for name in names])


_QUEUE: Final = (queues.c.name, queues.c.paused, queues.c.turn, queues.c.drained_sequence)

DRAW: Final = _draw()
LAST_SEQUENCE: Final = Statement(
    select(sequences.c.value).where(sequences.c.name == literal_column("'job'")), []
)
INSERT_JOBS: Final = _insert_jobs()
SAVE: Final = _save()
SAVE_DATA: Final = _save_data()
BY_REF: Final = _by_ref()
CLAIM: Final = _claim()
HAS_CLAIMABLE: Final = _has_claimable()
RENEW: Final = _write_held("lease_expires_at")
SAVE_PROGRESS: Final = _write_held("progress")
SAVE_STATE: Final = _write_held("state")
HELD: Final = _held()
OWN: Final = Statement(select(_ONE).where(_OWN), ["of_key", "of_token"])
FLAGGED: Final = _flagged()
DUE: Final = _due()
EXPIRED: Final = _expired()
LAPSED: Final = _lapsed()
PURGEABLE: Final = _purgeable()
SURPLUS: Final = _settled_newest_first(*_LOADED)
NEXT: Final = (
    _next(_c.run_at, _is(DELAYED)),
    _next(_c.lapses_at, _in(UNSTARTED_LIST), _c.lapses_at.is_not(None)),
    _next(_c.lease_expires_at, _is(ACTIVE)),
    _next(_c.purge_at, _c.purge_at.is_not(None)),
)
"""The earliest moments of due, lapsed, expired and purgeable jobs."""
DELETE_JOB: Final = _delete_job()
DELETE_LOGS: Final = _delete_logs()
APPEND_EVENTS: Final = _append_events()
APPEND_LINE: Final = _append_line()
NEWEST_LINES: Final = _newest_lines()
LAST_LINE: Final = Statement(_of_job(select(func.max(logs.c.number))), ["of_key"])
COUNT_LINES: Final = Statement(_of_job(select(func.count())), ["of_key"])
DROP_LINES: Final = _drop_lines()
LAST_EVENT: Final = Statement(select(func.max(events.c.id)), [])
REGISTER_QUEUE: Final = _register_queue()
SAVE_QUEUE: Final = _save_queue()
GET_QUEUE: Final = Statement(
    select(*_QUEUE).where(queues.c.name == bindparam("of_name")), ["of_name"]
)
LIST_QUEUES: Final = Statement(select(*_QUEUE).order_by(queues.c.name), [])
STORE_ID: Final = Statement(
    select(meta.c.value).where(meta.c.name == literal_column("'store_id'")), []
)
