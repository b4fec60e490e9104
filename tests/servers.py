"""Databases of its own for each test process, on the servers that are there."""

import atexit
import os
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final
from uuid import uuid4

import attrs
import sqlalchemy as sa

from errands import Errands
from tests import stores

RESTART: Final = {
    "postgresql": [
        "ALTER SEQUENCE errands_event_id_seq RESTART",
        "ALTER SEQUENCE errands_job_sequence RESTART",
    ],
    "mariadb": [
        "ALTER TABLE errands_event AUTO_INCREMENT = 1",
        "ALTER SEQUENCE errands_job_sequence RESTART",
    ],
}
"""Ids begin at 1 again, as in a database that is new."""
SET_STORE_ID: Final = "UPDATE errands_meta SET value = :id WHERE name = 'store_id'"
TABLES: Final = ("job", "log", "event", "queue")


@attrs.frozen
class Server:
    """A server, and how a database on it is made."""

    name: str
    url: sa.URL
    create: Callable[[sa.Connection, str, str], None]

    def url_of(self, database: str) -> str:
        return self.url.set(database=database).render_as_string(hide_password=False)

    def engine(self, database: str | None = None) -> sa.Engine:
        """A plain engine, for what no application does."""
        url = self.url if database is None else self.url.set(database=database)
        driver = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql"}[self.name]
        return sa.create_engine(url.set(drivername=driver), isolation_level="AUTOCOMMIT")

    @contextmanager
    def database(self, prefix: str = "errands_test", template: str = "template0") -> Generator[str]:
        """The name of a new, empty database that is dropped afterwards."""
        name = f"{prefix}_{os.getpid()}_{uuid4().hex[:6]}"
        engine = self.engine()
        with engine.connect() as connection:
            self.create(connection, name, template)
        try:
            yield name
        finally:
            with engine.connect() as connection:
                connection.exec_driver_sql(_drop(self.name, name))
            engine.dispose()

    @contextmanager
    def migrated(self, prefix: str) -> Generator[str]:
        """The name of a new database that has the schema, and is dropped afterwards."""
        if self.name == "postgresql":
            with self.database(prefix, template=_migrated_once(self.name)) as name:
                self._begin(name)
                yield name
        else:
            with self.database(prefix) as name:
                self._make_again(_schema(self.name), name)
                self._begin(name)
                yield name

    def _make_again(self, statements: Sequence[str], name: str) -> None:
        engine = self.engine(name)
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()

    def _begin(self, name: str) -> None:
        """A copy is another store than what it was copied from."""
        run(self.name, name, SET_STORE_ID, id=uuid4().hex)


def _drop(server: str, name: str) -> str:
    return (
        f"DROP DATABASE {name} WITH (FORCE)" if server == "postgresql" else f"DROP DATABASE {name}"
    )


def _create_postgresql(connection: sa.Connection, name: str, template: str) -> None:
    connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")
    # What tests store need not survive a power cut.
    connection.exec_driver_sql(f"ALTER DATABASE {name} SET synchronous_commit = off")


def _create_mariadb(connection: sa.Connection, name: str, _: str) -> None:
    connection.exec_driver_sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")


CREATE: Final = {"postgresql": _create_postgresql, "mariadb": _create_mariadb}


@cache
def server(name: str) -> Server:
    """A server that is there; see `stores`."""
    return Server(name, sa.make_url(stores.url_of(name)), CREATE[name])


@cache
def _migrated_once(name: str) -> str:
    """A database for as long as the process lives that nobody uses but to copy it."""
    found = server(name)
    manager = found.database("errands_template")
    database = manager.__enter__()
    atexit.register(manager.__exit__, None, None, None)
    with Errands(found.url_of(database)).sync:
        return database


@cache
def _schema(name: str) -> list[str]:
    """What makes again what the migrations make, which on MariaDB takes ten times as long."""
    database = _migrated_once(name)
    kinds = {str(table): str(kind) for table, kind in run(name, database, "SHOW FULL TABLES")}
    order = ("SEQUENCE", "BASE TABLE", "VIEW")
    tables = sorted(kinds, key=lambda table: order.index(kinds[table]))
    words = {"SEQUENCE": "SEQUENCE", "BASE TABLE": "TABLE", "VIEW": "VIEW"}
    made = [run(name, database, f"SHOW CREATE {words[kinds[t]]} {t}")[0][1] for t in tables]
    rows = [
        f"INSERT INTO {table} VALUES ({', '.join(map(repr, row))})"
        for table in ("errands_schema", "errands_meta")
        for row in run(name, database, f"SELECT * FROM {table}")
    ]
    return ["SET foreign_key_checks = 0", *made, *rows]


@attrs.define
class Scratch:
    """One migrated database a process, emptied for every test."""

    server: Server
    database: str
    engine: sa.Engine

    def emptied(self) -> str:
        """The URL of the database, with nothing in it."""
        with self.engine.connect() as connection:
            for table in TABLES:
                connection.exec_driver_sql(f"DELETE FROM errands_{table}")
            connection.exec_driver_sql("DELETE FROM errands_meta WHERE name = 'copy_state'")
            for statement in RESTART[self.server.name]:
                connection.exec_driver_sql(statement)
        return self.server.url_of(self.database)


@cache
def scratch_of_process(name: str) -> Scratch:
    """One for as long as the process lives, where no fixture can hold it."""
    manager = scratch(name)
    atexit.register(manager.__exit__, None, None, None)
    return manager.__enter__()


@contextmanager
def scratch(name: str) -> Generator[Scratch]:
    """A database on a server, with the schema."""
    found = server(name)
    with found.database() as database:
        with Errands(found.url_of(database)).sync:
            pass
        engine = found.engine(database)
        yield Scratch(found, database, engine)
        engine.dispose()


def run(name: str, database: str, statement: str, **values: Any) -> list[Any]:
    """One statement on a database, committed; its rows."""
    engine = server(name).engine(database)
    with engine.connect() as connection:
        result = connection.execute(sa.text(statement), values)
        rows = list(result) if result.returns_rows else []
    engine.dispose()
    return rows
