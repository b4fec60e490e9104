"""The hot statements go straight to their rows on PostgreSQL, whatever else is in the tables."""

import re
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import psycopg
import pytest

from errands import Errands
from errands.infrastructure.persistence.sql.postgresql.dialect import dialect_of
from errands.infrastructure.persistence.sql.postgresql.schema import PostgresqlTables
from errands.infrastructure.persistence.sql.postgresql.sql_connection import DIALECT
from errands.infrastructure.persistence.sql.statement import Statement
from tests import servers, stores

pytestmark = [
    pytest.mark.skipif("postgresql" not in stores.chosen(), reason="left out: no postgresql"),
    pytest.mark.slow,
    pytest.mark.timeout(240),
]
NOW = 1_000_000_000_000
STATEMENTS = dialect_of(PostgresqlTables()).statements
SORT = re.compile(r"(?<!Incremental )Sort \(")
ONE_JOB = '[{"of_key": 10000005, "of_token": "t", "of_version": 1, "of_queue": "default"}]'
SAVED = """[{"of_key": 10000005, "of_version": 1, "status": "waiting", "priority": 0, "turn": 0,
    "sequence": 1, "attempts_made": 0, "starts": 0, "crashes": 0, "put_offs": 0, "releases": 0}]"""
REF = '[{"of_queue": "default", "of_id": "job-10000005"}]'
ROWS = {"jobs.find": REF, "jobs.peek": REF, "jobs.save": SAVED}
FILL = """
INSERT INTO errands_job (key, queue, id, name, created_at, status, priority, turn, sequence,
    attempts_made, starts, crashes, put_offs, releases, token, worker, lease_expires_at, run_at,
    lapses_at, finished_at, purge_at, result, version, data)
SELECT n + {first}, 'default', 'job-' || (n + {first}), 'job', 0, '{status}', n % 3, 0, n,
    0, 0, 0, 0, 0, {token}, {worker}, {lease}, {run_at}, {lapses_at}, {finished}, {purge}, NULL, 1,
    'null'
FROM generate_series(1, {count}) AS n
"""
NOTHING = dict.fromkeys(
    ["token", "worker", "lease", "run_at", "lapses_at", "finished", "purge"], "NULL"
)
SOON = f"{NOW} + n - 20"
KINDS: dict[str, dict[str, str]] = {
    "waiting": {},
    "active": {"token": "'t'", "worker": "'w' || n", "lease": SOON},
    "delayed": {"run_at": SOON},
    "completed": {"finished": f"{NOW} - n", "purge": SOON},
    "waiting_children": {"lapses_at": SOON},
}
PLANS = {
    "claims.claim": ["errands_job_claim", "Tid Scan on errands_job"],
    "claims.has_claimable": ["errands_job_claim"],
    "claims.claimable": ["errands_job_claim"],
    "jobs.by_ref": ["errands_job_id"],
    "jobs.by_ref_locked": ["errands_job_id"],
    "jobs.find": ["errands_job_id"],
    "jobs.peek": ["errands_job_id"],
    "jobs.save": ["errands_job_pkey"],
    "claims.renew": ["errands_job_pkey"],
    "claims.record_progress": ["errands_job_pkey"],
    "claims.held": ["errands_job_pkey"],
    "claims.own": ["errands_job_pkey"],
    "calendar.due": ["errands_job_due"],
    "calendar.expired": ["errands_job_lease"],
    "calendar.lapsed": ["errands_job_lapse"],
    "calendar.purgeable": ["errands_job_purge"],
    "calendar.newest_settled": ["errands_job_finished"],
    "calendar.surplus": ["errands_job_finished"],
    "calendar.next 0": ["errands_job_due"],
    "calendar.next 1": ["errands_job_lapse"],
    "calendar.next 2": ["errands_job_purge"],
    "calendar.first_lease": ["errands_job_lease"],
    "calendar.last_lease": ["errands_job_lease"],
    "events.last_event": ["errands_event_pkey"],
}
"""Parts of the plan of each statement, in a table of many jobs."""
GIVEN: dict[str, Any] = {
    "of_queue": "default",
    "of_id": "job-10000005",
    "of_status": "completed",
    "of_key": 10_000_005,
    "of_token": "t",
    "now": NOW,
    "longest": 60_000,
    "length": 30_000,
    "after": 5,
    "until": NOW + 1,
    "most": 10,
    "kept": 10,
    "new_token": "t2",
    "new_worker": "w",
}


@pytest.fixture(scope="module")
def connection() -> Iterator[psycopg.Connection[Any]]:
    """A database of the module with the schema and nothing in it."""
    with servers.server("postgresql").database() as name:
        url = servers.server("postgresql").url_of(name)
        with Errands(url).sync:
            pass
        cursors = psycopg.ClientCursor
        with psycopg.connect(url, autocommit=True, cursor_factory=cursors) as connection:
            connection.execute("SET jit = off")
            yield connection


def filled(connection: psycopg.Connection[Any], count: int) -> None:
    """So many jobs of each kind, a score of which are due, expired, lapsed, purgeable."""
    connection.execute("TRUNCATE errands_job, errands_queue")
    for place, (status, special) in enumerate(KINDS.items()):
        values = {**NOTHING, **special}
        text = FILL.format(first=place * 10_000_000, status=status, count=count, **values)
        connection.execute(text.encode())
    connection.execute("INSERT INTO errands_queue VALUES ('default', 0, 0, NULL)")
    tidied(connection)


def tidied(connection: psycopg.Connection[Any]) -> None:
    """What the server would do by itself in a while."""
    connection.execute("VACUUM ANALYZE errands_job")
    connection.execute("VACUUM ANALYZE errands_queue")


def hot(name: str) -> Statement:
    """A statement by aggregate and name; the members of `next` by their place."""
    base, _, place = name.partition(" ")
    found: Statement | tuple[Statement, ...] = attrgetter(base)(STATEMENTS)
    return found[int(place)] if isinstance(found, tuple) else found


def explained(connection: psycopg.Connection[Any], name: str) -> tuple[str, int]:
    """The plan, and the buffers touched; nothing stays changed."""
    statement = hot(name)
    text, arrange = statement.on(DIALECT)
    given = {**GIVEN, "rows": ROWS.get(name, ONE_JOB)}
    ordered = tuple(given[parameter] for parameter in statement.names)
    values = arrange(ordered) if arrange else ordered
    with connection.transaction(force_rollback=True):
        plan = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, COSTS OFF) {text}"
        return read(connection, plan, values)


def read_one(connection: psycopg.Connection[Any], query: str) -> tuple[Any, ...]:
    """The one row of a query."""
    [row] = connection.execute(query.encode())
    return tuple(row)


def read(connection: psycopg.Connection[Any], plan: str, values: Any = None) -> tuple[str, int]:
    """The plan that the server has explained, and the buffers."""
    lines = [str(row[0]) for row in connection.execute(plan.encode(), values or None)]
    buffers = next(line for line in lines if "Buffers: shared" in line)
    words = buffers.replace("=", " ").split()
    return "\n".join(lines), int(words[words.index("hit") + 1])


def test_hot_statements_take_their_index_and_as_many_pages_in_a_hundred_times_the_jobs(
    connection: psycopg.Connection[Any],
) -> None:
    filled(connection, 1_000)
    few = {name: explained(connection, name)[1] for name in PLANS}
    few = {name: explained(connection, name)[1] for name in PLANS}

    filled(connection, 100_000)
    for name in PLANS:
        explained(connection, name)
    many = {name: explained(connection, name) for name in PLANS}

    missing = {
        name: plan
        for name, (plan, _) in many.items()
        if not all(part in plan for part in PLANS[name])
    }
    assert missing == {}
    scanning = [name for name, (plan, _) in many.items() if "Seq Scan on errands_job" in plan]
    assert scanning == []
    # An incremental sort puts equals in order, behind an index that has all the rest.
    sorting = [name for name, (plan, _) in many.items() if SORT.search(plan)]
    assert sorting == ["jobs.find"]
    grown = {
        name: (few[name], pages)
        for name, (_, pages) in many.items()
        if pages > few[name] * 1.5 + 12
    }
    assert grown == {}


def test_the_backlog_is_counted_by_index_whatever_has_ended(
    connection: psycopg.Connection[Any],
) -> None:
    plan = "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, COSTS OFF) SELECT * FROM errands_backlog"
    filled(connection, 1_000)
    few = read(connection, plan)[1]

    ended = {**NOTHING, **KINDS["completed"]}
    text = FILL.format(first=90_000_000, status="completed", count=100_000, **ended)
    connection.execute(text.encode())
    tidied(connection)

    steps, pages = read(connection, plan)
    assert "Seq Scan on errands_job" not in steps
    found = set(re.findall(r"using (errands_job_\w+)|on (errands_job_\w+)", steps))
    assert {name for pair in found for name in pair if name} == {
        "errands_job_claim",
        "errands_job_delayed",
        "errands_job_lease",
        "errands_job_blocked",
    }
    # Anybody's transaction may keep a vacuum from marking pages: then counts visit them.
    assert pages < few * 5
    [table] = read_one(connection, "SELECT relpages FROM pg_class WHERE relname = 'errands_job'")
    assert pages * 5 < table
