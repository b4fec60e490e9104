"""The tables and indexes, as SQLAlchemy Core knows them.

The migrations make them; a test holds the two together.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    literal_column,
)

from .mapping import ACTIVE, DELAYED, TERMINAL_LIST, UNSTARTED_LIST, WAITING

PREFIX: Final = "errands_"
VERSION_TABLE: Final = PREFIX + "schema"
REVISIONS: Final = ("0001",)
"""All schema revisions, oldest first; the last one is what this version works with."""

metadata: Final = MetaData()

_Key = BigInteger().with_variant(Integer(), "sqlite")
_Name = String(255)

meta: Final = Table(
    PREFIX + "meta",
    metadata,
    Column("name", _Name, primary_key=True),
    Column("value", Text, nullable=False),
)

sequences: Final = Table(
    PREFIX + "sequence",
    metadata,
    Column("name", _Name, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

queues: Final = Table(
    PREFIX + "queue",
    metadata,
    Column("name", _Name, primary_key=True),
    Column("paused", SmallInteger, nullable=False),
    Column("turn", BigInteger, nullable=False),
    Column("drained_sequence", BigInteger, nullable=False),
)

jobs: Final = Table(
    PREFIX + "job",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=False),
    Column("queue", _Name, nullable=False),
    Column("id", _Name, nullable=False),
    Column("name", _Name, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("policy", Text),
    Column("labels", Text),
    Column("status", String(20), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("turn", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("attempts_made", Integer, nullable=False),
    Column("starts", Integer, nullable=False),
    Column("crashes", Integer, nullable=False),
    Column("put_offs", Integer, nullable=False),
    Column("releases", Integer, nullable=False),
    Column("token", _Name),
    Column("worker", _Name),
    Column("lease_expires_at", BigInteger),
    Column("cancel_requested_at", BigInteger),
    Column("cancel_reason", Text),
    Column("run_at", BigInteger),
    Column("lapses_at", BigInteger),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("purge_at", BigInteger),
    Column("failures", Text),
    Column("result", Text),
    Column("version", BigInteger, nullable=False),
    Column("progress", Text),
    Column("state", Text),
    Column("data", Text, nullable=False),
)

logs: Final = Table(
    PREFIX + "log",
    metadata,
    Column("job_key", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
)

events: Final = Table(
    PREFIX + "event",
    metadata,
    Column("id", _Key, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("type", String(30), nullable=False),
    Column("queue", _Name),
    Column("job_id", _Name),
    Column("data", Text),
)

_c = jobs.c


def _when(condition: str) -> dict[str, Any]:
    return {
        "sqlite_where": literal_column(condition),
        "postgresql_where": literal_column(condition),
    }


Index(PREFIX + "job_id", _c.id, _c.queue, unique=True)
Index(
    PREFIX + "job_claim",
    _c.queue,
    _c.priority.desc(),
    _c.turn,
    _c.sequence,
    **_when(f"status = {WAITING}"),
)
Index(PREFIX + "job_due", _c.run_at, _c.sequence, **_when(f"status = {DELAYED}"))
Index(PREFIX + "job_delayed", _c.queue, _c.run_at, **_when(f"status = {DELAYED}"))
Index(PREFIX + "job_lease", _c.lease_expires_at, **_when(f"status = {ACTIVE}"))
Index(
    PREFIX + "job_flagged",
    _c.worker,
    **_when(f"status = {ACTIVE} AND cancel_requested_at IS NOT NULL"),
)
Index(
    PREFIX + "job_lapse",
    _c.lapses_at,
    **_when(f"lapses_at IS NOT NULL AND status IN ({UNSTARTED_LIST})"),
)
Index(
    PREFIX + "job_finished",
    _c.queue,
    _c.status,
    _c.finished_at,
    _c.key,
    **_when(f"status IN ({TERMINAL_LIST})"),
)
Index(PREFIX + "job_purge", _c.purge_at, **_when("purge_at IS NOT NULL"))
Index(
    PREFIX + "event_job",
    events.c.job_id,
    events.c.queue,
    events.c.id,
    **_when("job_id IS NOT NULL"),
)
