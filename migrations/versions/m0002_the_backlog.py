"""The backlog: a view for autoscalers and dashboards, and an index it needs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NOW = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
    "postgresql": "CAST(extract(epoch FROM statement_timestamp()) * 1000 AS BIGINT)",
    "mysql": "timestampdiff(MICROSECOND, '1970-01-01', utc_timestamp(3)) DIV 1000",
    "mariadb": "timestampdiff(MICROSECOND, '1970-01-01', utc_timestamp(3)) DIV 1000",
}


def upgrade() -> None:
    """Go to this revision. On MariaDB and MySQL the view may be there already."""
    tables = _tables()
    if not _is_mysql():
        op.create_index(
            f"{tables.prefix}job_blocked",
            f"{tables.prefix}job",
            ["queue"],
            schema=tables.schema,
            sqlite_where=sa.text("status = 'waiting_children'"),
            postgresql_where=sa.text("status = 'waiting_children'"),
        )
    elif f"{tables.prefix}backlog" in sa.inspect(op.get_bind()).get_view_names():
        return
    dialect = op.get_bind().dialect
    query = _backlog().compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    op.execute(sa.DDL("CREATE VIEW %(view)s AS %(query)s", context=_named(query=query)))


def _backlog() -> sa.Select:
    tables = _tables()
    queues = sa.table(
        f"{tables.prefix}queue", sa.column("name"), sa.column("paused"), schema=tables.schema
    )
    jobs = sa.table(
        f"{tables.prefix}job",
        *map(
            sa.column,
            ("queue", "status", "run_at", "created_at", "priority", "turn", "sequence"),
        ),
        schema=tables.schema,
    )

    def of_queue(what: sa.ColumnElement, status: str) -> sa.Select:
        is_in = jobs.c.status == sa.literal_column(f"'{status}'")
        found = sa.select(what).select_from(jobs).where(jobs.c.queue == queues.c.name, is_in)
        return found.correlate(queues)

    def count(status: str, *conditions: sa.ColumnElement) -> sa.ScalarSelect:
        return of_queue(sa.func.count(), status).where(*conditions).scalar_subquery()

    now = sa.literal_column(NOW[op.get_bind().dialect.name])
    ready = count("waiting") + count("delayed", jobs.c.run_at <= now)
    line = (jobs.c.priority.desc(), jobs.c.turn, jobs.c.sequence)
    head = of_queue(jobs.c.created_at, "waiting").order_by(*line).limit(sa.literal_column("1"))
    next_due = of_queue(sa.func.min(jobs.c.run_at), "delayed")
    zero = sa.literal_column("0")
    return sa.select(
        queues.c.name.label("queue"),
        queues.c.paused.label("paused"),
        sa.case((queues.c.paused == zero, ready), else_=zero).label("ready"),
        count("waiting").label("waiting"),
        count("delayed").label("delayed"),
        count("waiting_children").label("waiting_children"),
        count("active").label("active"),
        head.scalar_subquery().label("head_created_at"),
        next_due.scalar_subquery().label("next_due_at"),
    )


def downgrade() -> None:
    """Go back to the one before."""
    tables = _tables()
    op.execute(sa.DDL("DROP VIEW IF EXISTS %(view)s", context=_named()))
    if not _is_mysql():
        op.drop_index(f"{tables.prefix}job_blocked", f"{tables.prefix}job", schema=tables.schema)


def _tables():
    """The tables to make: their prefix and schema."""
    return context.config.attributes["tables"]


def _is_mysql() -> bool:
    """Whether each step commits by itself: then it may have been taken already."""
    return op.get_bind().dialect.name in {"mysql", "mariadb"}


def _named(**more: object) -> dict[str, object]:
    """The view's name, quoted, for a text."""
    tables = _tables()
    view = sa.table(f"{tables.prefix}backlog", schema=tables.schema)
    preparer = op.get_bind().dialect.identifier_preparer
    return {"view": preparer.format_table(view), **more}
