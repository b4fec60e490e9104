"""SQLite."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from errands.infrastructure.persistence.sql.sqlite.claims import SqliteClaims
from errands.infrastructure.persistence.sql.sqlite.dialect import SQLITE
from errands.infrastructure.persistence.sql.sqlite.driver import Connection, connect, driver
from errands.infrastructure.persistence.sql.sqlite.schema import TABLES
from errands.infrastructure.persistence.sql.sqlite.sql_connection import DIALECT
from tests.benchmarks.jobs import QUEUE
from tests.benchmarks.stores.clone import Cloning
from tests.benchmarks.stores.databases import Databases, make
from tests.benchmarks.stores.sqlite_tape import taped
from tests.benchmarks.stores.store import Replayed, Store, Tape, Transaction

CHECKPOINT_PAGES: Final = 1_000
"""SQLite's own default; the library checkpoints beside the writer instead."""
_PREFIX: Final = "sqlite:///"

_numbers: Final = count(1)


class SqliteFiles(Databases):
    """Files in one folder, which its owner removes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def new(self, waiting: int = 0) -> str:
        url = self._url("new")
        make(url, waiting)
        return url

    @contextmanager
    def copy(self, original: str) -> Generator[str]:
        url = self._url("copy")
        shutil.copyfile(path_of(original), path_of(url))
        try:
            yield url
        finally:
            for suffix in ("", "-wal", "-shm"):
                Path(path_of(url) + suffix).unlink(missing_ok=True)

    def _url(self, name: str) -> str:
        return f"{_PREFIX}{self._folder / f'{next(_numbers)}-{name}.db'}"


def path_of(url: str) -> str:
    """The file of a database."""
    return url.removeprefix(_PREFIX)


class Sqlite(Store):
    """The reference statements on SQLite's own driver."""

    name = "sqlite"
    claim_unit = "steps"
    claim_slack = 0.01
    has_own_log = True

    def quoted(self, name: str) -> str:
        return f'"{name}"'

    def facts(self) -> dict[str, Any]:
        return {
            "sqlite": driver().sqlite_version,
            "driver": driver().__name__.partition(".")[0],
            "durability": "WAL, synchronous=NORMAL",
        }

    @contextmanager
    def databases(self, folder: Path) -> Generator[Databases]:
        yield SqliteFiles(folder)

    def look(self, url: str, query: str, *parameters: Any) -> list[Any]:
        with closing(driver().connect(path_of(url), timeout=10)) as connection:
            rows: list[Any] = connection.execute(query, parameters).fetchall()
        return rows

    def taped(self) -> AbstractContextManager[Tape]:
        return taped()

    def connect(self, url: str) -> Connection:
        return connect(path_of(url), synchronous="NORMAL")

    def run(self, connection: Connection, transaction: Transaction) -> None:
        execute, execute_many = connection.execute, connection.executemany
        for is_many, statement, parameters in transaction:
            if is_many:
                execute_many(statement, parameters)
            else:
                execute(statement, parameters).fetchall()

    def read_newest(self, connection: Connection) -> None:
        connection.execute("SELECT * FROM errands_job ORDER BY key DESC LIMIT 1").fetchone()

    def replay(self, url: str, transactions: list[Transaction], *, weighs_log: bool) -> Replayed:
        """The size of the log counts where nothing checkpoints it."""
        pages = 0 if weighs_log else CHECKPOINT_PAGES
        with closing(self.connect(url)) as connection:
            connection.execute(f"PRAGMA wal_autocheckpoint = {pages}")
            started = perf_counter()
            for transaction in transactions:
                self.run(connection, transaction)
            seconds = perf_counter() - started
            log_bytes = Path(path_of(url) + "-wal").stat().st_size
        return Replayed(seconds, log_bytes)

    def counts(self, transactions: list[Transaction]) -> dict[str, int]:
        statements = sum(
            len(parameters) if is_many else not statement.startswith(("BEGIN", "COMMIT"))
            for transaction in transactions
            for is_many, statement, parameters in transaction
        )
        return {"commits": len(transactions), "statements": statements}

    def multiply(self, url: str, more: int) -> None:
        with closing(driver().connect(path_of(url), isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA cache_size = -262144")
            [(count, step)] = connection.execute("SELECT count(*), max(key) FROM errands_job")
            connection.execute("BEGIN")
            cloning = Cloning(
                tables=TABLES,
                count=count,
                step=step,
                quoted=self.quoted,
                joined="'{}' || substr({}, 9)",
            )
            for statement in cloning.until(more):
                connection.execute(statement)
            connection.execute(
                "UPDATE errands_sequence SET value = (SELECT max(key) FROM errands_job)"
            )
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def settle(self, url: str) -> None:
        """Nothing is due."""

    def claim_cost(self, url: str, limit: int) -> int:
        """Steps of SQLite's virtual machine."""
        steps = 0

        def count_step() -> int:
            nonlocal steps
            steps += 1
            return 0

        assert isinstance(SQLITE.claims, SqliteClaims)
        text, arrange = SQLITE.claims.statements.claim.on(DIALECT)
        given = (QUEUE, limit, "token", "worker", 2**41, 2**41, 30_000)
        with closing(self.connect(url)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.set_progress_handler(count_step, 1)
            claimed: list[Any] = connection.execute(
                text, arrange(given) if arrange else given
            ).fetchall()
            connection.set_progress_handler(None, 0)
            connection.execute("ROLLBACK")
        assert len(claimed) == limit
        return steps
