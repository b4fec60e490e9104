"""The hot statements go straight to their rows on MariaDB, and without a sort."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pymysql
import pytest
import sqlalchemy as sa

from errands import Errands
from errands.infrastructure.persistence.sql.mapping import CHANGING
from errands.infrastructure.persistence.sql.mysql.schema import MariadbTables
from errands.infrastructure.persistence.sql.mysql.statements import MysqlStatements
from errands.infrastructure.persistence.sql.statement import Statement
from tests import servers, stores

pytestmark = [
    pytest.mark.skipif("mariadb" not in stores.chosen(), reason="left out: no mariadb"),
    pytest.mark.slow,
    pytest.mark.timeout(240),
]
NOW = 1_000_000_000_000
SAYS = MysqlStatements(MariadbTables())
DIALECT = sa.make_url("mariadb+pymysql://").get_dialect()()
KEY = 10_000_005
ONE_KEY = json.dumps([[KEY]])
REF = json.dumps([["default", f"job-{KEY}"]])
ROWS = {
    "keys_by_ref": REF,
    "look": REF,
    "lock_versions": json.dumps([[KEY, 1]]),
    "save": json.dumps([[KEY, 1, *([None] * len(CHANGING))]]),
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
    "lock_claimable": "errands_job_claim",
    "has_claimable": "errands_job_claim",
    "by_ref": "errands_job_id",
    "by_ref_locked": "errands_job_id",
    "keys_by_ref": "errands_job_id",
    "look": "errands_job_id",
    "by_key": "PRIMARY",
    "by_key_locked": "PRIMARY",
    "lock_versions": "PRIMARY",
    "lock_leases": "PRIMARY",
    "count_jobs": "PRIMARY",
    "save": "PRIMARY",
    "save_one": "PRIMARY",
    "claim": "PRIMARY",
    "renew": "PRIMARY",
    "remove": "PRIMARY",
    "remove_logs": "PRIMARY",
    "held": "PRIMARY",
    "own": "PRIMARY",
    "due": "errands_job_due",
    "expired": "errands_job_lease",
    "lapsed": "errands_job_lapse",
    "purgeable": "errands_job_purge",
    "flagged": "errands_job_flagged",
    "newest_settled": "errands_job_finished",
    "surplus": "errands_job_finished",
    "next 0": "errands_job_due",
    "next 1": "errands_job_lapse",
    "next 2": "errands_job_purge",
    "first_lease": "errands_job_lease",
    "last_lease": "errands_job_lease",
    "beyond": "errands_job_lease",
    "count_events": "PRIMARY",
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
    """A statement by its name; the members of `next` by their place."""
    base, _, place = name.partition(" ")
    found: Statement | tuple[Statement, ...] = getattr(SAYS, base)
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
