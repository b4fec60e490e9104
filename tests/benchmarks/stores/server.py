"""What is measured alike on every database server."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from errands.infrastructure.persistence.open_store import open_store
from errands.infrastructure.persistence.sql.server.store import Engine, ServerStore
from errands.infrastructure.settings import Settings
from errands.infrastructure.wakeups.local_wakeup import LocalWakeup
from tests import servers
from tests.benchmarks.stores.calls import CONNECTION, Call, last_uses, run_calls
from tests.benchmarks.stores.clone import Cloning
from tests.benchmarks.stores.databases import Databases
from tests.benchmarks.stores.server_databases import Maker, ServerDatabases
from tests.benchmarks.stores.server_tape import taped
from tests.benchmarks.stores.store import Replayed, Store, Tape, Transaction

_RUNS: Final = frozenset({"execute", "executemany", "copy", "query"})
_ENDS: Final = frozenset({"begin", "commit"})
_RUNS_BY_NAME: Final = ("exec_", "send_query", "send_prepare")
_FRAMES: Final = ("BEGIN", "COMMIT", "START TRANSACTION", "SET ")


@cache
def engine_of(url: str) -> Engine:
    """The library's own driver for a database."""
    store = open_store(Settings(url=url), None, LocalWakeup())
    assert isinstance(store, ServerStore)
    return store.engine


def ask(server: servers.Server, *statements: str) -> list[Any]:
    """Statements on the server itself; the rows of the last."""
    engine, rows = server.engine(), []
    with engine.connect() as connection:
        for statement in statements:
            result = connection.exec_driver_sql(statement)
            rows = list(result) if result.returns_rows else []
    engine.dispose()
    return rows


class BenchServer(Store, Maker):
    """A server that is there."""

    has_own_log = False

    def quoted(self, name: str) -> str:
        return f'"{name}"'

    @property
    def server(self) -> servers.Server:
        """The server, as all tests know it."""
        return servers.server(self.name)

    @contextmanager
    def databases(self, folder: Path) -> Generator[Databases]:
        made = ServerDatabases(self)
        made.sweep()
        try:
            yield made
        finally:
            made.remove()

    @abstractmethod
    def log_position(self, connection: Any) -> int:
        """The end of the server's log, in bytes."""

    def look(self, url: str, query: str, *parameters: Any) -> list[Any]:
        with closing(self.connect(url)) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(query.replace("?", "%s"), parameters)
            return list(cursor.fetchall())

    def taped(self) -> AbstractContextManager[Tape]:
        return taped()

    def connect(self, url: str) -> Any:
        return engine_of(url).connect()

    def run(self, connection: Any, transaction: Transaction) -> None:
        run_calls({CONNECTION: connection}, transaction)

    def read_newest(self, connection: Any) -> None:
        with closing(connection.cursor()) as cursor:
            cursor.execute(f"SELECT * FROM errands_job ORDER BY {self.quoted('key')} DESC LIMIT 1")
            cursor.fetchall()

    def replay(self, url: str, transactions: list[Transaction], *, weighs_log: bool) -> Replayed:
        """Others on the same server add to its log."""
        with closing(self.connect(url)) as connection:
            before = self.log_position(connection) if weighs_log else 0
            seconds = _run_all(connection, transactions)
            after = self.log_position(connection) if weighs_log else 0
        return Replayed(seconds, after - before)

    def counts(self, transactions: list[Transaction]) -> dict[str, int]:
        sent = [texts for calls in transactions for call in calls if (texts := _statements(call))]
        return {
            "commits": len(transactions),
            "statements": sum(
                not text.startswith(_FRAMES) for texts in sent for text in texts if text
            ),
            "round trips": len(sent),
        }


def cloning(store: BenchServer, url: str, more: int, joined: str) -> Iterator[str]:
    """The statements of `multiply`; see `Cloning`."""
    key = store.quoted("key")
    [(count, step)] = store.look(url, f"SELECT count(*), max({key}) FROM errands_job")
    tables = engine_of(url).dialect.tables
    cloned = Cloning(tables=tables, count=count, step=step, quoted=store.quoted, joined=joined)
    return cloned.until(more)


def _run_all(connection: Any, transactions: list[Transaction]) -> float:
    objects: dict[int, Any] = {CONNECTION: connection}
    turns = list(zip(transactions, last_uses(transactions), strict=True))
    started = perf_counter()
    for calls, used_up in turns:
        run_calls(objects, calls)
        for number in used_up:
            del objects[number]
    return perf_counter() - started


def _statements(call: Call) -> list[str]:
    """What a call sends to the server."""
    _, method, args, _, _ = call
    if method in _ENDS:
        return [method.upper()]
    if method not in _RUNS and not method.startswith(_RUNS_BY_NAME):
        return []
    text = args[0].decode() if isinstance(args[0], bytes) else str(args[0])
    texts = [part.strip().upper() for part in text.split(";")]
    return texts * len(args[1]) if method == "executemany" else texts
