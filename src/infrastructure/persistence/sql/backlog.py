"""The view `errands_backlog`: how much each queue has to do, for autoscalers and dashboards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, case, func, literal_column, select, table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.sql import Select
from sqlalchemy.sql.compiler import DDLCompiler

from .jobs.statuses import DELAYED, OPEN, WAITING, literal_of

if TYPE_CHECKING:
    from .schema import Tables

Query = Select[*tuple[Any, ...]]
_NONE: Final[ColumnElement[int]] = literal_column("0")


def backlog(tables: Tables) -> Query:
    """A row for each known queue: what waits, what runs, what is next.

    `ready` is what workers could do now: what waits, and what is delayed and due, since with
    no worker nobody promotes it; 0 while the queue is paused. The other counts are those of
    the statuses. `head_created_at` is when the job at the head of the line was added,
    `next_due_at` when the next delayed one falls due; milliseconds since the epoch.

    Each count is a subquery of its own, so that only those that are asked for are made, for
    the queues that are asked for, and by index: settled jobs cost nothing.
    """
    job, queue = tables.jobs.c, tables.queues.c
    due = _count(tables, DELAYED, job.run_at <= tables.now)
    ready = _count(tables, WAITING) + due
    order = (job.priority.desc(), job.turn, job.sequence)
    head = _of_queue(tables, job.created_at, WAITING).order_by(*order).limit(literal_column("1"))
    return select(
        queue.name.label("queue"),
        queue.paused.label("paused"),
        case((queue.paused == _NONE, ready), else_=_NONE).label("ready"),
        *(_count(tables, literal_of(status)).label(status.value) for status in OPEN),
        head.scalar_subquery().label("head_created_at"),
        _of_queue(tables, func.min(job.run_at), DELAYED).scalar_subquery().label("next_due_at"),
    )


def _count(tables: Tables, status: str, *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    counted = _of_queue(tables, func.count(), status).where(*conditions)
    return counted.scalar_subquery()


def _of_queue(tables: Tables, what: ColumnElement[Any], status: str) -> Query:
    job = tables.jobs.c
    found: Query = select(what).select_from(tables.jobs)
    return found.where(
        job.queue == tables.queues.c.name, job.status == literal_column(status)
    ).correlate(tables.queues)


class CreateView(ExecutableDDLElement):
    """Make a view of a query."""

    def __init__(self, name: str, schema: str | None, query: Query) -> None:
        self.view = table(name, schema=schema)
        self.query = query


class DropView(ExecutableDDLElement):
    """Drop a view if it is there."""

    def __init__(self, name: str, schema: str | None) -> None:
        self.view = table(name, schema=schema)


@compiles(CreateView)
def _create(element: CreateView, compiler: DDLCompiler, **_: Any) -> str:
    query = compiler.sql_compiler.process(element.query, literal_binds=True)
    return f"CREATE VIEW {compiler.preparer.format_table(element.view)} AS {query}"


@compiles(DropView)
def _drop(element: DropView, compiler: DDLCompiler, **_: Any) -> str:
    return f"DROP VIEW IF EXISTS {compiler.preparer.format_table(element.view)}"
