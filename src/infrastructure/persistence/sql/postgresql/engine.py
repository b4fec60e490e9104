"""PostgreSQL as an engine of the server store."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from functools import partial
from typing import Self

from .....core.domain.events import Hint
from ..meta.whereabouts import Whereabouts
from ..server.database import ServerDatabase
from ..server.polling import Polling
from ..server.store import Engine
from ..server.transaction_runner import TransactionRunner
from ..sql_connection import SqlConnection
from .caller_rules import PostgresqlCallerRules
from .driver import PostgresqlDriver
from .migrate import bring_up_to_date, connected
from .names import quoted
from .notifier import PostgresqlNotifier


class PostgresqlEngine(PostgresqlDriver, Engine):
    """PostgreSQL as an engine of the server store."""

    def bring_up_to_date(self, *, migrates: bool) -> str:
        return bring_up_to_date(self, migrates=migrates)

    def rules(self, where: Whereabouts) -> PostgresqlCallerRules:
        return PostgresqlCallerRules(self, where, self._dialect, self.url)

    @property
    def async_driver(self) -> Self | None:
        """Windows' usual event loop cannot wait for a socket of libpq."""
        return None if sys.platform == "win32" else self

    def database(self) -> ServerDatabase:
        tables = self._dialect.tables.metadata.sorted_tables
        sizes = (f"pg_total_relation_size('{quoted(table)}')" for table in tables)
        query = f"SELECT {' + '.join(sizes)}"
        return ServerDatabase(self, partial(connected, self), "PostgreSQL", query)

    def notifier(
        self, runner: TransactionRunner, store_id: str, publish: Callable[[Collection[Hint]], None]
    ) -> PostgresqlNotifier:
        polling = Polling(partial(runner.ask, _newest_event))
        return PostgresqlNotifier(self, polling, f"errands_{store_id}", publish)


def _newest_event(sql: SqlConnection) -> int:
    return sql.dialect.events.last(sql)
