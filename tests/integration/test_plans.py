"""The hot statements go straight to their rows, whatever else is in the file."""

import importlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import sqlalchemy as sa

from errands.infrastructure.persistence.sql import statements
from errands.infrastructure.persistence.sql.mapping import LOADED
from errands.infrastructure.persistence.sql.schema import metadata
from errands.infrastructure.persistence.sql.sqlite.session import DIALECT
from errands.infrastructure.persistence.sql.statement import Statement

NOW = 1_000_000_000_000

KEY = "USING INTEGER PRIMARY KEY (rowid=?)"
QUEUE = "SEARCH errands_queue USING COVERING INDEX"
PLANS = {
    "CLAIM": [f"errands_job {KEY}", "errands_job_claim (queue=?)"],
    "HAS_CLAIMABLE": ["errands_job_claim (queue=?)"],
    "BY_REF": ["errands_job_id (id=? AND queue=?)"],
    "SAVE": [f"errands_job {KEY}"],
    "SAVE_DATA": [f"errands_job {KEY}"],
    "RENEW": [f"errands_job {KEY}"],
    "SAVE_PROGRESS": [f"errands_job {KEY}"],
    "SAVE_STATE": [f"errands_job {KEY}"],
    "HELD": [f"errands_job {KEY}"],
    "OWN": [f"errands_job {KEY}"],
    "FLAGGED": ["errands_job_flagged (worker=?)"],
    "DUE": ["errands_job_due (run_at<?)"],
    "EXPIRED": ["errands_job_lease (lease_expires_at<?)"],
    "LAPSED": ["errands_job_lapse (lapses_at>? AND lapses_at<?)"],
    "PURGEABLE": ["errands_job_purge (purge_at>? AND purge_at<?)"],
    "SURPLUS": ["errands_job_finished (queue=? AND status=?)"],
    "NEXT 0": ["errands_job_due"],
    "NEXT 1": ["errands_job_lapse (lapses_at>?)"],
    "NEXT 2": ["errands_job_lease"],
    "NEXT 3": ["errands_job_purge (purge_at>?)"],
    "DELETE_JOB": [f"errands_job {KEY}"],
    "DELETE_LOGS": ["errands_log", "(job_key=?)"],
    "COUNT_LINES": ["errands_log", "(job_key=?)"],
    "DROP_LINES": ["errands_log", "(job_key=? AND number<?)"],
    "LAST_LINE": ["errands_log", "(job_key=?)"],
    "NEWEST_LINES": ["errands_log", "(job_key=?)"],
    "LAST_EVENT": ["SEARCH errands_event"],
    "GET_QUEUE": ["SEARCH errands_queue", "(name=?)"],
}
"""Parts of the plan of each statement, in any order."""

BOUNDED = ("CLAIM", "HAS_CLAIMABLE", "FLAGGED", "DUE", "EXPIRED", "LAPSED", "PURGEABLE", "SURPLUS")
BOUNDED_NEXT = tuple(f"NEXT {place}" for place in range(len(statements.NEXT)))


def hot(name: str) -> Statement:
    """A statement by its name; the members of `NEXT` by their place."""
    base, _, place = name.partition(" ")
    found: Statement | tuple[Statement, ...] = getattr(statements, base)
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
    metadata.create_all(engine)
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
    assert all("INDEX" in step for step in steps if step.startswith("SCAN")), plan


@pytest.mark.parametrize("name", ["DUE", "EXPIRED", "LAPSED", "PURGEABLE", "CLAIM"])
def test_a_statement_with_a_bound_scans_nothing(connection: sqlite3.Connection, name: str) -> None:
    text, values = prepared(name)

    steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", values)]

    assert [step for step in steps if step.startswith("SCAN")] == []


def test_every_statement_that_reads_jobs_has_its_plan_here() -> None:
    named = {name for name, value in vars(statements).items() if isinstance(value, Statement)}

    assert named - set(PLANS) == {
        "APPEND_EVENTS",
        "APPEND_LINE",
        "DRAW",
        "INSERT_JOBS",
        "LAST_SEQUENCE",
        "LIST_QUEUES",
        "REGISTER_QUEUE",
        "SAVE_QUEUE",
        "STORE_ID",
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
    connection.execute("INSERT INTO errands_queue VALUES ('default', 0, 0, 0)")


def steps_of(connection: sqlite3.Connection, name: str) -> int:
    """How many steps SQLite's machine takes; nothing stays changed."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    text, values = prepared(
        name, of_queue="default", of_status="completed", now=NOW, most=10, kept=10, until=NOW + 1
    )
    connection.execute("SAVEPOINT measure")
    connection.set_progress_handler(count, 1)
    rows = connection.execute(text, values).fetchall()
    connection.set_progress_handler(None, 1)
    connection.execute("ROLLBACK TO measure")
    connection.execute("RELEASE measure")
    assert rows or name == "FLAGGED"
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
