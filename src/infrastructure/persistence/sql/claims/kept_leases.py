"""Leases of jobs that somebody else had locked: prolonged beside their rows, in `meta`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select

from .....core.domain.job.job import Job
from .....core.domain.job.lease import Term
from .....core.ports.lease_repository import Held
from ..sql_connection import SqlConnection
from ..statement import Row
from ..times import ms, nearest_moment

PREFIX: Final = "lease:"
"""How the names of such rows of `meta` begin; key and token follow."""
MOST_DIGITS: Final = 19
"""Of a key, and of a time in milliseconds."""


def keep(sql: SqlConnection, held: Collection[Held], until: datetime, now: datetime) -> None:
    """Prolong leases; what is left of earlier ones goes.

    Waits for nobody: each row is its own worker's.
    """
    meta, save = sql.dialect.tables.meta, sql.dialect.statements.meta.save
    over = {hold for hold, ends in kept(sql).items() if ends <= now}
    for hold in sorted({*over, *held}, key=_name):
        if hold in held:
            sql.write(save, (_name(hold), str(ms(until))))
        else:
            sql.execute(delete(meta).where(meta.c.name == _name(hold)))


def kept(sql: SqlConnection) -> Mapping[Held, datetime]:
    """Until when leases were prolonged in this way. What cannot be read is none."""
    found = ((_held(name), _until(value)) for name, value in _rows(sql))
    return {hold: until for hold, until in found if hold is not None and until is not None}


def unreadable(sql: SqlConnection) -> list[str]:
    """The names of those rows that cannot be read."""
    rows = _rows(sql)
    return [name for name, value in rows if _held(name) is None or _until(value) is None]


def _rows(sql: SqlConnection) -> Sequence[Row]:
    meta = sql.dialect.tables.meta.c
    return sql.select(select(meta.name, meta.value).where(meta.name.like(f"{PREFIX}%")))


def forget(sql: SqlConnection) -> None:
    """Remove them all."""
    meta = sql.dialect.tables.meta
    sql.execute(delete(meta).where(meta.c.name.like(f"{PREFIX}%")))


def unkept(
    sql: SqlConnection, find: Callable[[int], list[Job]], now: datetime, limit: int
) -> list[Job]:
    """The first jobs, locked, but for those whose leases were prolonged and have not run out.

    Which those are is asked when the jobs are locked: what is written later comes too late. What
    keeps all jobs from being renewed is waited for before.
    """
    sql.write(sql.dialect.statements.claims.change_none)
    found = find(limit)
    in_front = len(kept(sql)) if found else 0
    if not in_front:
        return found
    found = find(limit + in_front)
    ends = kept(sql)
    return [job for job in found if not _is_kept(job, ends, now)][:limit]


def _is_kept(job: Job, ends: Mapping[Held, datetime], now: datetime) -> bool:
    until = ends.get(Held(job.key, job.token or ""))
    if until is None or job.lease is None:
        return False
    term = Term(until, job.lease.length)
    return not term.has_run_out(now) and not term.is_beyond(now)


def _name(held: Held) -> str:
    return f"{PREFIX}{held.key}:{held.token}"


def _held(name: str) -> Held | None:
    key, _, token = name.removeprefix(PREFIX).partition(":")
    number = _number(key)
    return None if number is None or not token else Held(number, token)


def _until(value: str) -> datetime | None:
    number = _number(value)
    return None if number is None else nearest_moment(number)


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None
