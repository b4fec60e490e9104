"""Jobs for people, in SQL."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import attrs
from sqlalchemy import Text, cast, exists, func, literal, literal_column, select
from sqlalchemy.sql import ColumnElement, Select

from ....core.domain.job.identity import JobRef
from ....core.domain.job.job import Job
from ....core.domain.job.status import JobStatus
from ....core.ports.job_catalog import Count, JobCatalog, JobQuery, Page
from . import questions, statements
from .mapping import LOADED, job_from_row, json_text, to_ms
from .schema import jobs as table
from .session import Session

_c = table.c
_ONE: Final[ColumnElement[int]] = literal_column("1")


@attrs.frozen(eq=False)
class SqlJobCatalog(JobCatalog):
    """The read side of the jobs' table."""

    session: Session
    now: datetime

    def look(self, refs: Collection[JobRef]) -> list[Job]:
        """See the port."""
        return [
            job_from_row(row)
            for ref in refs
            for row in self.session.rows(statements.BY_REF, (ref.queue, ref.id))
        ]

    def queues_of(self, job_id: str) -> list[str]:
        """See the port."""
        query = select(_c.queue).where(_c.id == job_id).order_by(_c.queue)
        return [row[0] for row in self.session.select(query)]

    def page(self, query: JobQuery, *, after: int | None, limit: int) -> Page:
        """See the port."""
        wanted = _filtered(select(*(_c[name] for name in LOADED)), query)
        if after is not None:
            wanted = wanted.where(_c.key < after if query.newest_first else _c.key > after)
        order = _c.key.desc() if query.newest_first else _c.key
        rows = self.session.select(wanted.order_by(order).limit(limit + 1))
        shown = tuple(job_from_row(row) for row in rows[:limit])
        return Page(shown, shown[-1].key if len(rows) > limit and shown else None)

    def count(self, queue: str, status: JobStatus, bound: int) -> Count:
        """See the port."""
        rows = self.session.rows(questions.count(status), (queue, bound + 1))
        found = int(rows[0][0])
        return Count(min(found, bound), found <= bound)

    def has_claimable(self, queues: Collection[str]) -> bool:
        """See the port."""
        now = to_ms(self.now)
        return any(self.session.rows(statements.HAS_CLAIMABLE, (name, now)) for name in queues)


def _filtered(select_: Select[*tuple[Any, ...]], query: JobQuery) -> Select[*tuple[Any, ...]]:
    conditions: list[ColumnElement[bool]] = []
    if query.queue is not None:
        conditions.append(_c.queue == query.queue)
    if query.statuses:
        conditions.append(_c.status.in_(sorted(status.value for status in query.statuses)))
    if query.name is not None:
        conditions.append(_c.name == query.name)
    if query.tag is not None:
        conditions.append(_has_tag(query.tag))
    conditions += [_has_metadata(key, value) for key, value in query.metadata.items()]
    if query.error is not None:
        conditions.append(_has_error(query.error))
    return select_.where(*conditions)


def _has_tag(tag: str) -> ColumnElement[bool]:
    tags = func.json_each(_c.labels, "$.tags").table_valued("value")
    return exists(select(_ONE).select_from(tags).where(tags.c.value == tag))


def _has_metadata(key: str, value: Any) -> ColumnElement[bool]:
    text = json_text(value)
    pairs = func.json_each(_c.labels, "$.metadata").table_valued("key", "value", "type")
    same = func.json_quote(pairs.c.value) == func.json_quote(literal(value))
    if isinstance(value, bool) or value is None or isinstance(value, dict | list | tuple):
        same = _as_json(pairs.c.value, pairs.c.type) == text
    return exists(select(_ONE).select_from(pairs).where(pairs.c.key == key, same))


def _as_json(value: ColumnElement[object], type_: ColumnElement[object]) -> ColumnElement[str]:
    """json_each shows true, false and null as 1, 0 and NULL; their type tells them apart."""
    is_word = type_.in_(["true", "false", "null"])
    return func.iif(is_word, type_, cast(value, Text))


def _has_error(text: str) -> ColumnElement[bool]:
    entries = func.json_each(_c.failures).table_valued("value")
    kind = func.json_extract(entries.c.value, "$[0]")
    message = func.json_extract(entries.c.value, "$[1]")
    reason = func.iif(message == "", kind, kind + literal_column("': '", Text) + message)
    found = func.instr(reason, text) > literal_column("0")
    return exists(select(_ONE).select_from(entries).where(found))
