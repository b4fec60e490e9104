"""The hot statements go straight to their rows, whatever else is in the file."""

import importlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from operator import attrgetter
from typing import Any

import pytest
import sqlalchemy as sa

from errands.infrastructure.persistence.sql.jobs.columns import LOADED
from errands.infrastructure.persistence.sql.sqlite.dialect import SQLITE
from errands.infrastructure.persistence.sql.sqlite.schema import TABLES
from errands.infrastructure.persistence.sql.sqlite.sql_connection import DIALECT
from errands.infrastructure.persistence.sql.statement import Statement

STATEMENTS = SQLITE.statements
NOW = 1_000_000_000_000

KEY = "USING INTEGER PRIMARY KEY (rowid=?)"
QUEUE = "SEARCH errands_queue USING COVERING INDEX"
PLANS = {
    "claims.claim": [f"errands_job {KEY}", "errands_job_claim (queue=?)"],
    "claims.has_claimable": ["errands_job_claim (queue=?)"],
    "jobs.by_ref": ["errands_job_id (id=? AND queue=?)"],
    "jobs.by_ref_bare": ["errands_job_id (id=? AND queue=?)"],
    "jobs.has_jobs": ["errands_job_claim (queue=?)", "errands_job_lease"],
    "jobs.save_one": [f"errands_job {KEY}"],
    "jobs.save_data": [f"errands_job {KEY}"],
    "claims.renew": [f"errands_job {KEY}"],
    "claims.save_progress": [f"errands_job {KEY}"],
    "claims.save_state": [f"errands_job {KEY}"],
    "claims.held": [f"errands_job {KEY}"],
    "claims.own": [f"errands_job {KEY}"],
    "claims.flagged": ["errands_job_flagged (worker=?)"],
    "calendar.due": ["errands_job_due (run_at<?)"],
    "calendar.expired": ["errands_job_lease (lease_expires_at<?)"],
    "calendar.lapsed": ["errands_job_lapse (lapses_at>? AND lapses_at<?)"],
    "calendar.purgeable": ["errands_job_purge (purge_at>? AND purge_at<?)"],
    "jobs.by_ref_locked": ["errands_job_id (id=? AND queue=?)"],
    "calendar.newest_settled": ["errands_job_finished (queue=? AND status=?)"],
    "calendar.surplus": ["errands_job_finished (queue=? AND status=?)"],
    "calendar.next 0": ["errands_job_due (run_at>?)"],
    "calendar.next 1": ["errands_job_lapse (lapses_at>?)"],
    "calendar.next 2": ["errands_job_purge (purge_at>?)"],
    "calendar.first_lease": ["errands_job_lease"],
    "calendar.last_lease": ["errands_job_lease"],
    "calendar.beyond": ["errands_job_lease (lease_expires_at>?)"],
    "jobs.delete_job": [f"errands_job {KEY}"],
    "jobs.delete_logs": ["errands_log", "(job_key=?)"],
    "logs.count_lines": ["errands_log", "(job_key=?)"],
    "logs.drop_lines": ["errands_log", "(job_key=? AND number<?)"],
    "logs.last_line": ["errands_log", "(job_key=?)"],
    "logs.newest_lines": ["errands_log", "(job_key=?)"],
    "events.last_event": ["SEARCH errands_event"],
    "queues.peek": ["SEARCH errands_queue", "(name=?)"],
    "queues.get": ["SEARCH errands_queue", "(name=?)"],
}
"""Parts of the plan of each statement, in any order."""

BOUNDED = (
    "claims.claim",
    "claims.has_claimable",
    "claims.flagged",
    "calendar.due",
    "calendar.expired",
    "calendar.lapsed",
    "calendar.purgeable",
    "calendar.surplus",
    "calendar.first_lease",
    "calendar.last_lease",
)
BOUNDED_NEXT = tuple(f"calendar.next {place}" for place in range(len(STATEMENTS.calendar.next)))


def hot(name: str) -> Statement:
    """A statement by aggregate and name; the members of `next` by their place."""
    base, _, place = name.partition(" ")
    found: Statement | tuple[Statement, ...] = attrgetter(base)(STATEMENTS)
    return found[int(place)] if isinstance(found, tuple) else found


def prepared(name: str, **values: Any) -> tuple[str, Any]:
    """The text that the driver gets, with its values."""
    statement = hot(name)
    text, arrange = statement.on(DIALECT)
    ordered = tuple(values.get(parameter, 1) for parameter in statement.names)
    return text, arrange(ordered) if arrange else ordered


@pytest.fixture(params=["sqlite3", "pysqlite3"])
def connection(request: pytest.FixtureRequest) -> Iterator[sqlite3.Connection]:
    """An empty database with the schema, on each SQLite there is."""
    try:
        module = importlib.import_module(f"{request.param}.dbapi2")
    except ImportError:
        pytest.skip(f"{request.param} is not installed")
    engine = sa.create_engine("sqlite://", module=module, poolclass=sa.StaticPool)
    TABLES.metadata.create_all(engine)
    with closing(engine.raw_connection()) as pooled:
        assert pooled.dbapi_connection is not None
        yield pooled.dbapi_connection  # type: ignore[misc]  # pyright: ignore[reportReturnType]
    engine.dispose()


@pytest.mark.parametrize("name", PLANS)
def test_a_hot_statement_searches_its_index(connection: sqlite3.Connection, name: str) -> None:
    text, values = prepared(name)

    steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", values)]

    plan = "\n".join(steps)
    assert all(part in plan for part in PLANS[name]), plan
    assert "TEMP B-TREE" not in plan
    assert all("index" in step for step in steps if step.startswith("scan")), plan


@pytest.mark.parametrize(
    "name",
    [
        *(f"calendar.{name}" for name in ("due", "expired", "beyond", "lapsed", "purgeable")),
        "claims.claim",
    ],
)
def test_a_statement_with_a_bound_scans_nothing(connection: sqlite3.Connection, name: str) -> None:
    text, values = prepared(name)

    steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", values)]

    assert [step for step in steps if step.startswith("scan")] == []


def test_the_backlog_is_counted_by_index(connection: sqlite3.Connection) -> None:
    query = "EXPLAIN QUERY PLAN SELECT * FROM errands_backlog"

    steps = [row[3] for row in connection.execute(query) if "errands_job" in row[3]]

    assert {step.split(" INDEX ")[1].split(" (")[0] for step in steps} == {
        "errands_job_claim",
        "errands_job_delayed",
        "errands_job_lease",
        "errands_job_blocked",
    }


def test_every_statement_that_reads_jobs_has_its_plan_here() -> None:
    named = {
        f"{aggregate}.{name}"
        for aggregate, statements in vars(STATEMENTS).items()
        for name in dir(statements)
        if isinstance(getattr(statements, name, None), Statement)
    }

    assert named - set(PLANS) == {
        "claims.change_none",
        "events.append",
        "jobs.insert",
        "logs.append_line",
        "meta.insert_new",
        "meta.save",
        "meta.store_id",
        "queues.list_all",
        "queues.register",
        "queues.save",
    }


FILL = """
INSERT INTO errands_job ({columns})
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
SELECT {values} FROM numbers
"""
BASE = {
    "key": "n + :from_key",
    "queue": "'default'",
    "id": "'job-' || (n + :from_key)",
    "name": "'job'",
    "created_at": "0",
    "priority": "n % 3",
    "turn": "0",
    "sequence": "n",
    "version": "1",
    "data": "'null'",
    **dict.fromkeys(["attempts_made", "starts", "crashes", "put_offs", "releases"], "0"),
}
KINDS: dict[str, dict[str, str]] = {
    "waiting": {},
    "delayed": {"run_at": f"{NOW} + n - 20"},
    "completed": {"finished_at": f"{NOW} - n", "purge_at": f"{NOW} + n - 20", "result": "'1'"},
    "active": {"lease_expires_at": f"{NOW} + n - 20", "token": "'t'", "worker": "'w' || n"},
    "waiting_children": {"lapses_at": f"{NOW} + n - 20"},
}


def filled(connection: sqlite3.Connection, count: int) -> None:
    """So many jobs of each kind, a score of which are due, expired, lapsed, purgeable."""
    for place, (status, special) in enumerate(KINDS.items()):
        columns = {**BASE, **special, "status": f"'{status}'"}
        assert set(columns) <= {*LOADED}
        text = FILL.format(columns=", ".join(columns), values=", ".join(columns.values()))
        connection.execute(text, {"count": count, "from_key": place * 10_000_000})
    connection.execute("INSERT INTO errands_queue VALUES ('default', 0, 0, NULL)")


def steps_of(connection: sqlite3.Connection, name: str) -> int:
    """How many steps SQLite's machine takes; nothing stays changed."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    text, values = prepared(
        name,
        of_queue="default",
        of_status="completed",
        now=NOW,
        longest=60_000,
        most=10,
        kept=10,
        until=NOW + 1,
    )
    connection.execute("SAVEPOINT measure")
    connection.set_progress_handler(count, 1)
    rows = connection.execute(text, values).fetchall()
    connection.set_progress_handler(None, 1)
    connection.execute("ROLLBACK TO measure")
    connection.execute("RELEASE measure")
    assert rows or name == "claims.flagged"
    return taken


@pytest.mark.slow
def test_a_hundred_times_the_jobs_take_no_more_steps(connection: sqlite3.Connection) -> None:
    names = (*BOUNDED, *BOUNDED_NEXT)
    filled(connection, 1_000)
    few = {name: steps_of(connection, name) for name in names}
    connection.execute("DELETE FROM errands_job")
    connection.execute("DELETE FROM errands_queue")

    filled(connection, 100_000)

    many = {name: steps_of(connection, name) for name in names}
    assert {name: steps for name, steps in many.items() if steps > few[name] * 1.2 + 5} == {}
