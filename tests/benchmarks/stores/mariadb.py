"""MariaDB."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from importlib.metadata import version
from typing import Any, Final

from errands.core.domain.job.lease import Claim
from errands.infrastructure.clock import host_clock
from errands.infrastructure.persistence.sql.claims.repository import SqlLeaseRepository
from tests.benchmarks.jobs import QUEUE
from tests.benchmarks.stores.server import BenchServer, ask, cloning, engine_of

SETTINGS: Final = (
    "version",
    "innodb_flush_log_at_trx_commit",
    "innodb_flush_method",
    "innodb_buffer_pool_size",
    "innodb_log_file_size",
    "sync_binlog",
)


class Mariadb(BenchServer):
    """The reference statements on PyMySQL."""

    name = "mariadb"
    claim_unit = "rows read"
    claim_slack = 0.05

    def quoted(self, name: str) -> str:
        return f"`{name}`"

    def facts(self) -> dict[str, Any]:
        told = {name: ask(self.server, f"SELECT @@{name}")[0][0] for name in SETTINGS}
        return {**told, "pymysql": version("pymysql")}

    def create(self, name: str) -> None:
        """See the base."""
        ask(self.server, f"CREATE DATABASE {name} CHARACTER SET utf8mb4")

    def create_copy(self, original: str, name: str) -> None:
        """See the base. A SEQUENCE is a table, too; the view, which nothing here reads, is not."""
        self.create(name)
        shown = ask(self.server, f"SHOW FULL TABLES FROM {original}")
        tables = [table for table, kind in shown if kind != "VIEW"]
        ask(
            self.server,
            *(f"CREATE TABLE {name}.{table} LIKE {original}.{table}" for table in tables),
            *(f"INSERT INTO {name}.{table} SELECT * FROM {original}.{table}" for table in tables),
        )

    def drop(self, name: str) -> None:
        """See the base."""
        ask(self.server, f"DROP DATABASE IF EXISTS {name}")

    def databases_like(self, prefix: str) -> list[str]:
        """See the base."""
        return [name for (name,) in ask(self.server, "SHOW DATABASES") if name.startswith(prefix)]

    def settle(self, url: str) -> None:
        """See the base."""
        self.look(url, "ANALYZE TABLE errands_job, errands_event")

    def log_position(self, connection: Any) -> int:
        """See the base."""
        [(_, position)] = _status(connection, "Innodb_lsn_current")
        return int(position)

    def multiply(self, url: str, more: int) -> None:
        with closing(self.connect(url)) as connection:
            cursor = connection.cursor()
            for statement in cloning(self, url, more, "concat('{}', substr({}, 9))"):
                cursor.execute(statement)
            cursor.execute("SELECT max(`key`) FROM errands_job")
            cursor.execute("SELECT setval(errands_job_sequence, %s)", cursor.fetchone())
        self.settle(url)

    def claim_cost(self, url: str, limit: int) -> int:
        """Rows that the storage engine was asked for."""
        engine = engine_of(url)
        claim = Claim(QUEUE, limit, "worker", "token", timedelta(minutes=1))
        with closing(self.connect(url)) as connection:
            transaction = engine.begin(connection, only_reads=False)
            leases = SqlLeaseRepository(transaction.sql, host_clock())
            before = _rows_read(connection)
            claimed = leases.claim(claim)
            cost = _rows_read(connection) - before
            transaction.rollback()
        assert len(claimed) == limit
        return cost


def _rows_read(connection: Any) -> int:
    return sum(int(value) for _, value in _status(connection, "Handler_read%"))


def _status(connection: Any, like: str) -> list[tuple[str, str]]:
    cursor = connection.cursor()
    cursor.execute(f"SHOW SESSION STATUS LIKE '{like}'")
    return list(cursor.fetchall())
