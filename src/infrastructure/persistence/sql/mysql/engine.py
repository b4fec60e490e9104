"""MariaDB and MySQL as engines of the server store."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from .....core.domain.events import Hint
from ..meta.whereabouts import Whereabouts
from ..server.store import Engine
from ..server.transaction_runner import TransactionRunner
from ..sql_connection import SqlConnection
from .caller_rules import MysqlCallerRules
from .database import MysqlDatabase
from .driver import MysqlDriver
from .migrate import bring_up_to_date
from .notifier import MysqlNotifier


class MysqlEngine(MysqlDriver, Engine):
    """MariaDB or MySQL as an engine of the server store."""

    def bring_up_to_date(self, *, migrates: bool) -> str:
        return bring_up_to_date(self, migrates=migrates)

    def rules(self, where: Whereabouts) -> MysqlCallerRules:
        return MysqlCallerRules(self, where, self.dialect, self.url)

    def database(self) -> MysqlDatabase:
        return MysqlDatabase(self)

    def notifier(
        self, runner: TransactionRunner, store_id: str, publish: Callable[[Collection[Hint]], None]
    ) -> MysqlNotifier:
        events = self.dialect.events

        def newest(sql: SqlConnection) -> int:
            return events.last(sql)

        def behind(after: int, sql: SqlConnection) -> tuple[int, int]:
            found, count = sql.rows(events.statements.count_events, (after,))[0]
            return int(found or after), int(count)

        def ask(after: int) -> tuple[int, int]:
            return runner.ask(partial(behind, after))

        return MysqlNotifier(partial(runner.ask, newest), ask, events.own, self.close_side)
