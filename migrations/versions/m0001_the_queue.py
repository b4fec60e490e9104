"""The queue: jobs, logs, events, queues, sequences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects.mysql import LONGTEXT

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MARIADB = "utf8mb4_nopad_bin"
MYSQL = "utf8mb4_0900_bin"


def _text(length: int) -> sa.String:
    return (
        sa.String(length)
        .with_variant(sa.String(length, collation="C"), "postgresql")
        .with_variant(sa.String(length, collation=MYSQL), "mysql")
        .with_variant(sa.String(length, collation=MARIADB), "mariadb")
    )


_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAME = _text(255)
_STATUS = _text(30)
_TEXT = (
    sa.Text()
    .with_variant(LONGTEXT(collation=MYSQL), "mysql")
    .with_variant(LONGTEXT(collation=MARIADB), "mariadb")
)
JOB_STORAGE = {
    "fillfactor": 80,
    "autovacuum_vacuum_scale_factor": 0.02,
    "autovacuum_vacuum_threshold": 1000,
    "autovacuum_analyze_scale_factor": 0.05,
    "autovacuum_vacuum_cost_delay": 0,
}
EVENT_STORAGE = {
    "autovacuum_vacuum_scale_factor": 0.05,
    "autovacuum_vacuum_insert_scale_factor": 0.05,
}
QUEUE_STORAGE = {"fillfactor": 50, "autovacuum_vacuum_threshold": 50}


def upgrade() -> None:
    """Go to this revision."""
    _create("meta", [_key("name", _NAME), sa.Column("value", _TEXT, nullable=False)])
    _create_sequence()
    _create(
        "queue",
        [
            _key("name", _NAME),
            sa.Column("paused", sa.SmallInteger, nullable=False),
            sa.Column("turn", sa.BigInteger, nullable=False),
            sa.Column("drained_at", sa.BigInteger),
        ],
        QUEUE_STORAGE,
    )
    _create_jobs()
    _create(
        "log",
        [
            _key("job_key", sa.BigInteger()),
            _key("number", sa.Integer()),
            sa.Column("at", sa.BigInteger, nullable=False),
            sa.Column("text", _TEXT, nullable=False),
        ],
    )
    _create(
        "event",
        [
            sa.Column("id", _KEY, primary_key=True, autoincrement=True),
            sa.Column("at", sa.BigInteger, nullable=False),
            sa.Column("type", _STATUS, nullable=False),
            sa.Column("queue", _NAME),
            sa.Column("job_id", _NAME),
            sa.Column("data", _TEXT),
        ],
        EVENT_STORAGE,
    )
    _index("event_job", "event", ["job_id", "queue", "id"], "job_id IS NOT NULL")


def _create_sequence() -> None:
    if _engine() in {"postgresql", "mariadb"}:
        op.execute(sa.schema.CreateSequence(_sequence(), if_not_exists=_is_mysql()))
        return
    if _engine() == "mysql":
        _create("sequence", [sa.Column("value", sa.BigInteger, primary_key=True)])
        return
    name, value = _key("name", _NAME), sa.Column("value", sa.BigInteger, nullable=False)
    sequence = _create("sequence", [name, value])
    op.bulk_insert(sequence, [{"name": "job", "value": 0}])


def _create_jobs() -> None:
    columns = [
        _key("key", _KEY),
        sa.Column("queue", _NAME, nullable=False),
        sa.Column("id", _NAME, nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("policy", _TEXT),
        sa.Column("labels", _TEXT),
        sa.Column("status", _STATUS, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("turn", sa.BigInteger, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("attempts_made", sa.Integer, nullable=False),
        sa.Column("starts", sa.Integer, nullable=False),
        sa.Column("crashes", sa.Integer, nullable=False),
        sa.Column("put_offs", sa.Integer, nullable=False),
        sa.Column("releases", sa.Integer, nullable=False),
        sa.Column("token", _NAME),
        sa.Column("worker", _NAME),
        sa.Column("lease_expires_at", sa.BigInteger),
        sa.Column("cancel_requested_at", sa.BigInteger),
        sa.Column("cancel_reason", _TEXT),
        sa.Column("run_at", sa.BigInteger),
        sa.Column("lapses_at", sa.BigInteger),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("purge_at", sa.BigInteger),
        sa.Column("failures", _TEXT),
        sa.Column("result", _TEXT),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("progress", _TEXT),
        sa.Column("state", _TEXT),
        sa.Column("data", _TEXT, nullable=False),
    ]
    _create("job", columns, JOB_STORAGE)
    _index("job_id", "job", ["id", "queue"], unique=True)
    if _is_mysql():
        _create_whole_indexes()
    else:
        _create_partial_indexes()


def _create_partial_indexes() -> None:
    ended = "status IN ('cancelled', 'completed', 'failed')"
    unstarted = "status IN ('delayed', 'waiting', 'waiting_children')"
    flagged = "status = 'active' AND cancel_requested_at IS NOT NULL"
    order = ["queue", sa.text("priority DESC"), "turn", "sequence"]
    _index("job_claim", "job", order, "status = 'waiting'")
    _index("job_due", "job", ["run_at", "sequence"], "status = 'delayed'")
    _index("job_delayed", "job", ["queue", "run_at"], "status = 'delayed'")
    # In the other engines every index has the key of the row at its end.
    key = ["key"] if _engine() == "postgresql" else []
    _index("job_lease", "job", ["lease_expires_at", *key], "status = 'active'")
    _index("job_flagged", "job", ["worker"], flagged)
    _index("job_lapse", "job", ["lapses_at", *key], f"lapses_at IS NOT NULL AND {unstarted}")
    _index("job_finished", "job", ["queue", "status", "finished_at", "key"], ended)
    _index("job_purge", "job", ["purge_at", *key], "purge_at IS NOT NULL")


def _create_whole_indexes() -> None:
    order = ["queue", "status", sa.text("priority DESC"), "turn", "sequence"]
    _index("job_claim", "job", order)
    _index("job_due", "job", ["run_at", "sequence"])
    _index("job_lease", "job", ["lease_expires_at"])
    _index("job_flagged", "job", ["worker"])
    _index("job_lapse", "job", ["lapses_at"])
    _index("job_finished", "job", ["queue", "status", "finished_at", "key"])
    _index("job_purge", "job", ["purge_at"])


def _tables():
    """The tables to make: their prefix and schema."""
    return context.config.attributes["tables"]


def _engine() -> str:
    return op.get_bind().dialect.name


def _is_mysql() -> bool:
    """Whether each step commits by itself: then it may have been taken already."""
    return _engine() in {"mysql", "mariadb"}


def _sequence() -> sa.Sequence:
    cache = 0 if _engine() == "mariadb" else None
    return sa.Sequence(f"{_tables().prefix}job_sequence", schema=_tables().schema, cache=cache)


def _key(name: str, type_: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, type_, primary_key=True, autoincrement=False)


def _create(name: str, columns: list, storage: dict | None = None) -> sa.Table:
    settings = {"postgresql_with": storage} if storage and _engine() == "postgresql" else {}
    if _is_mysql():
        settings = {"if_not_exists": True, f"{_engine()}_engine": "InnoDB"}
    tables = _tables()
    return op.create_table(tables.prefix + name, *columns, schema=tables.schema, **settings)


def _index(
    name: str, table: str, columns: list, condition: str | None = None, *, unique: bool = False
) -> None:
    where = None if condition is None else sa.text(condition)
    tables = _tables()
    if _is_mysql() and sa.inspect(op.get_bind()).has_index(
        tables.prefix + table, tables.prefix + name
    ):
        return
    op.create_index(
        tables.prefix + name,
        tables.prefix + table,
        columns,
        schema=tables.schema,
        unique=unique,
        sqlite_where=where,
        postgresql_where=where,
    )


def downgrade() -> None:
    """There is nothing before the first revision."""
    tables = _tables()
    for name in ("event", "log", "job", "queue", "meta"):
        op.drop_table(tables.prefix + name, schema=tables.schema, if_exists=_is_mysql())
    if _engine() in {"postgresql", "mariadb"}:
        op.execute(sa.schema.DropSequence(_sequence(), if_exists=_is_mysql()))
    else:
        name = f"{tables.prefix}sequence"
        op.drop_table(name, schema=tables.schema, if_exists=_is_mysql())
