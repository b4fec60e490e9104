"""The hot statements go straight to their rows on MariaDB, and without a sort."""

import json
from collections.abc import Iterator
from contextlib import closing
from operator import attrgetter
from typing import Any

import pymysql
import pytest
import sqlalchemy as sa

from errands import Errands
from errands.infrastructure.persistence.sql.jobs.columns import CHANGING
from errands.infrastructure.persistence.sql.mysql.dialect import dialect_of
from errands.infrastructure.persistence.sql.mysql.schema import MariadbTables
from errands.infrastructure.persistence.sql.statement import Statement
from tests import servers, stores

pytestmark = [
    pytest.mark.skipif("mariadb" not in stores.chosen(), reason="left out: no mariadb"),
    pytest.mark.slow,
    pytest.mark.timeout(240),
]
NOW = 1_000_000_000_000
STATEMENTS = dialect_of(MariadbTables(), lambda _: None).statements
DIALECT = sa.make_url("mariadb+pymysql://").get_dialect()()
KEY = 10_000_005
ONE_KEY = json.dumps([[KEY]])
REF = json.dumps([["default", f"job-{KEY}"]])
ROWS = {
    "jobs.keys_by_ref": REF,
    "jobs.peek": REF,
    "jobs.lock_versions": json.dumps([[KEY, 1]]),
    "jobs.save": json.dumps([[KEY, 1, *([None] * len(CHANGING))]]),
}
FILL = """
INSERT INTO errands_job (`key`, queue, id, name, created_at, status, priority, turn, sequence,
    attempts_made, starts, crashes, put_offs, releases, token, worker, lease_expires_at, run_at,
    lapses_at, finished_at, purge_at, version, data)
SELECT seq + {first}, 'default', concat('job-', seq + {first}), 'job', 0, '{status}', seq % 3, 0,
    seq, 0, 0, 0, 0, 0, {token}, {worker}, {lease}, {run_at}, {lapses_at}, {finished}, {purge}, 1,
    'null'
FROM seq_1_to_{count}
"""
NOTHING = dict.fromkeys(
    ["token", "worker", "lease", "run_at", "lapses_at", "finished", "purge"], "NULL"
)
SOON = f"{NOW} + seq - 20"
KINDS: dict[str, dict[str, str]] = {
    "waiting": {},
    "active": {"token": "'t'", "worker": "concat('w', seq)", "lease": SOON},
    "delayed": {"run_at": SOON},
    "completed": {"finished": f"{NOW} - seq", "purge": SOON},
    "waiting_children": {"lapses_at": SOON},
}
INDEXES = {
    "claims.lock_claimable": "errands_job_claim",
    "claims.has_claimable": "errands_job_claim",
    "jobs.by_ref": "errands_job_id",
    "jobs.by_ref_locked": "errands_job_id",
    "jobs.keys_by_ref": "errands_job_id",
    "jobs.peek": "errands_job_id",
    "jobs.by_key": "PRIMARY",
    "jobs.by_key_locked": "PRIMARY",
    "jobs.lock_versions": "PRIMARY",
    "claims.lock_leases": "PRIMARY",
    "jobs.count_jobs": "PRIMARY",
    "jobs.save": "PRIMARY",
    "jobs.save_one": "PRIMARY",
    "claims.claim": "PRIMARY",
    "claims.renew": "PRIMARY",
    "jobs.remove": "PRIMARY",
    "jobs.remove_logs": "PRIMARY",
    "claims.held": "PRIMARY",
    "claims.own": "PRIMARY",
    "calendar.due": "errands_job_due",
    "calendar.expired": "errands_job_lease",
    "calendar.lapsed": "errands_job_lapse",
    "calendar.purgeable": "errands_job_purge",
    "claims.flagged": "errands_job_flagged",
    "calendar.newest_settled": "errands_job_finished",
    "calendar.surplus": "errands_job_finished",
    "calendar.next 0": "errands_job_due",
    "calendar.next 1": "errands_job_lapse",
    "calendar.next 2": "errands_job_purge",
    "calendar.first_lease": "errands_job_lease",
    "calendar.last_lease": "errands_job_lease",
    "calendar.beyond": "errands_job_lease",
    "events.count_events": "PRIMARY",
}
"""The index by which each statement finds its rows."""
GIVEN: dict[str, Any] = {
    "of_queue": "default",
    "of_id": f"job-{KEY}",
    "of_status": "completed",
    "of_key": KEY,
    "of_version": 1,
    "of_token": "t",
    "of_worker": "w5",
    "now": NOW,
    "longest": 60_000,
    "length": 30_000,
    "after": 5,
    "until": NOW + 1,
    "most": 10,
    "kept": 10,
    "new_token": "t2",
    "new_worker": "w",
    "after_id": 5,
}


@pytest.fixture(scope="module")
def connection() -> Iterator["pymysql.Connection[Any]"]:
    """A database of the module with the schema and nothing in it."""
    server = servers.server("mariadb")
    with server.database() as name:
        with Errands(server.url_of(name)).sync:
            pass
        address = server.url
        with closing(
            pymysql.connect(
                host=address.host or "",
                port=address.port or 3306,
                user=address.username,
                password=address.password or "",
                database=name,
                autocommit=True,
            )
        ) as connection:
            yield connection


@pytest.fixture(params=[3, 20_000], scope="module")
def filled(
    request: pytest.FixtureRequest, connection: "pymysql.Connection[Any]"
) -> "pymysql.Connection[Any]":
    """So many jobs of each kind; in a small table the planner would rather read it all."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE errands_job")
        for place, (status, special) in enumerate(KINDS.items()):
            values = {**NOTHING, **special}
            first = place * 10_000_000
            cursor.execute(FILL.format(first=first, status=status, count=request.param, **values))
        cursor.execute("REPLACE INTO errands_queue VALUES ('default', 0, 0, NULL)")
        cursor.execute("ANALYZE TABLE errands_job")
    return connection


def hot(name: str) -> Statement:
    """A statement by aggregate and name; the members of `next` by their place."""
    base, _, place = name.partition(" ")
    found: Statement | tuple[Statement, ...] = attrgetter(base)(STATEMENTS)
    return found[int(place)] if isinstance(found, tuple) else found


@pytest.mark.parametrize("name", INDEXES)
def test_every_hot_statement_goes_by_its_index(
    filled: "pymysql.Connection[Any]", name: str
) -> None:
    statement = hot(name)
    text, arrange = statement.on(DIALECT)
    given = {**dict.fromkeys(statement.names), **GIVEN, "rows": ROWS.get(name, ONE_KEY)}
    values = [given[each] for each in statement.names]

    with filled.cursor() as cursor:
        cursor.execute(f"EXPLAIN {text}", arrange(values) if arrange else values)
        plan = [row for row in cursor.fetchall() if row[2] and row[2].startswith("errands_")]
        ours = [row for row in plan if row[2] != "errands_queue"]

    if not ours:
        return  # a row by its key was read while planning
    assert [row[5] for row in ours] == [INDEXES[name]]
    assert "filesort" not in str(ours)
    assert "temporary" not in str(ours)
    assert ours[0][3] != "ALL"


def test_the_backlog_is_counted_by_index(filled: "pymysql.Connection[Any]") -> None:
    with filled.cursor() as cursor:
        cursor.execute("EXPLAIN SELECT * FROM errands_backlog")
        plan = [row for row in cursor.fetchall() if row[2] == "errands_job"]

    assert plan
    assert [row for row in plan if row[3] in {"ALL", "index"} or not row[5]] == []
    assert "filesort" not in str(plan)
