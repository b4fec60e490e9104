"""The queue: jobs, logs, events, queues, sequences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAME = sa.String(255)


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "errands_meta",
        sa.Column("name", _NAME, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    sequence = op.create_table(
        "errands_sequence",
        sa.Column("name", _NAME, primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(sequence, [{"name": "job", "value": 0}])
    op.create_table(
        "errands_queue",
        sa.Column("name", _NAME, primary_key=True),
        sa.Column("paused", sa.SmallInteger, nullable=False),
        sa.Column("turn", sa.BigInteger, nullable=False),
        sa.Column("drained_at", sa.BigInteger),
    )
    _create_jobs()
    op.create_table(
        "errands_log",
        sa.Column("job_key", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_table(
        "errands_event",
        sa.Column("id", _KEY, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("type", sa.String(30), nullable=False),
        sa.Column("queue", _NAME),
        sa.Column("job_id", _NAME),
        sa.Column("data", sa.Text),
    )
    _index("errands_event_job", "errands_event", ["job_id", "queue", "id"], "job_id IS NOT NULL")


def _create_jobs() -> None:
    op.create_table(
        "errands_job",
        sa.Column("key", _KEY, primary_key=True, autoincrement=False),
        sa.Column("queue", _NAME, nullable=False),
        sa.Column("id", _NAME, nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("policy", sa.Text),
        sa.Column("labels", sa.Text),
        sa.Column("status", sa.String(30), nullable=False),
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
        sa.Column("cancel_reason", sa.Text),
        sa.Column("run_at", sa.BigInteger),
        sa.Column("lapses_at", sa.BigInteger),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("purge_at", sa.BigInteger),
        sa.Column("failures", sa.Text),
        sa.Column("result", sa.Text),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("progress", sa.Text),
        sa.Column("state", sa.Text),
        sa.Column("data", sa.Text, nullable=False),
    )
    table = "errands_job"
    ended = "status IN ('cancelled', 'completed', 'failed')"
    unstarted = "status IN ('delayed', 'waiting', 'waiting_children')"
    flagged = "status = 'active' AND cancel_requested_at IS NOT NULL"
    op.create_index("errands_job_id", table, ["id", "queue"], unique=True)
    order = ["queue", sa.text("priority DESC"), "turn", "sequence"]
    _index("errands_job_claim", table, order, "status = 'waiting'")
    _index("errands_job_due", table, ["run_at", "sequence"], "status = 'delayed'")
    _index("errands_job_delayed", table, ["queue", "run_at"], "status = 'delayed'")
    _index("errands_job_lease", table, ["lease_expires_at"], "status = 'active'")
    _index("errands_job_flagged", table, ["worker"], flagged)
    _index("errands_job_lapse", table, ["lapses_at"], f"lapses_at IS NOT NULL AND {unstarted}")
    _index("errands_job_finished", table, ["queue", "status", "finished_at", "key"], ended)
    _index("errands_job_purge", table, ["purge_at"], "purge_at IS NOT NULL")


def _index(name: str, table: str, columns: list, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """There is nothing before the first revision."""
    for table in ("event", "log", "job", "queue", "sequence", "meta"):
        op.drop_table(f"errands_{table}")
