"""PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

from errands.infrastructure.persistence.sql.postgresql.claims import PostgresqlClaims
from errands.infrastructure.persistence.sql.postgresql.sql_connection import DIALECT
from tests.benchmarks.jobs import QUEUE
from tests.benchmarks.stores.server import BenchServer, ask, cloning, engine_of

SETTINGS: Final = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "shared_buffers",
    "autovacuum",
)


class Postgresql(BenchServer):
    """The reference statements on psycopg."""

    name = "postgresql"
    claim_unit = "buffers"
    claim_slack = 0.05

    def facts(self) -> dict[str, Any]:
        import psycopg

        told = {name: ask(self.server, f"SHOW {name}")[0][0] for name in SETTINGS}
        return {**told, "psycopg": psycopg.__version__, "libpq": psycopg.pq.__impl__}

    def create(self, name: str) -> None:
        """See the base."""
        ask(self.server, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")

    def create_copy(self, original: str, name: str) -> None:
        """See the base."""
        ask(self.server, f"CREATE DATABASE {name} TEMPLATE {original}")

    def drop(self, name: str) -> None:
        """See the base."""
        ask(self.server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def databases_like(self, prefix: str) -> list[str]:
        """See the base."""
        found = ask(self.server, "SELECT datname FROM pg_database")
        return [name for (name,) in found if name.startswith(prefix)]

    def settle(self, url: str) -> None:
        """See the base."""
        with closing(self.connect(url)) as connection:
            connection.execute("VACUUM (ANALYZE)")

    def log_position(self, connection: Any) -> int:
        """See the base."""
        query = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
        return int(connection.execute(query).fetchone()[0])

    def multiply(self, url: str, more: int) -> None:
        with closing(self.connect(url)) as connection:
            connection.execute("SET synchronous_commit = off")
            for statement in cloning(self, url, more, "'{}' || substr({}, 9)"):
                connection.execute(statement)
            connection.execute(
                "SELECT setval('errands_job_sequence', (SELECT max(key) FROM errands_job))"
            )
        self.settle(url)

    def claim_cost(self, url: str, limit: int) -> int:
        """Buffers hit or read to find and lock the rows.

        Not those to write them: each index that a row is entered into is a level deeper at
        some size, and every claim that was undone leaves entries behind.
        """
        claims = engine_of(url).dialect.claims
        assert isinstance(claims, PostgresqlClaims)
        text, arrange = claims.statements.claim.on(DIALECT)
        given = (QUEUE, limit, "token", "worker", 2**41, 2**41, 30_000)
        with closing(self.connect(url)) as connection:
            connection.execute("BEGIN")
            plan = connection.execute(
                f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {text}",
                arrange(given) if arrange else given,
            ).fetchone()[0][0]["Plan"]
            connection.execute("ROLLBACK")
        assert plan["Actual Rows"] == limit
        [locking] = _nodes(plan, "LockRows")
        return int(locking["Shared Hit Blocks"] + locking["Shared Read Blocks"])


def _nodes(plan: dict[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    """The nodes of a kind in a plan."""
    if plan["Node Type"] == kind:
        yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part, kind)
