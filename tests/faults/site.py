"""The database of one test, on whichever store it is about."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import attrs
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from errands import Errands
from errands.core.application.doctor import Doctor, Finding
from errands.core.domain.job.flaw import Severity
from errands.infrastructure.persistence.memory.database import MemoryDatabase
from errands.infrastructure.persistence.open_database import open_database
from tests import servers, stores
from tests.faults.own_server import OwnServer
from tests.servers import Server

DRIVERS: Final = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "mariadb": "mariadb+pymysql",
}


@attrs.frozen
class Site:
    """A store's name, and the URL of a database on it that nobody else uses."""

    name: str
    url: str

    @contextmanager
    def connection(self, **options: Any) -> Generator[sa.Connection]:
        """A connection of somebody who is not Errands."""
        engine = engine_of(self.url, **options)
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()

    def run(self, statement: str, **values: Any) -> list[Any]:
        """One statement of somebody else, committed; its rows."""
        with self.connection() as connection:
            result = connection.execute(sa.text(statement), values)
            rows = list(result) if result.returns_rows else []
            connection.commit()
        return rows

    @property
    def is_writable(self) -> bool:
        """Whether nobody holds the one lock that SQLite has for all who write."""
        if self.name != "sqlite":
            return True
        try:
            with self.connection(connect_args={"timeout": 0.2}) as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                connection.rollback()
        except OperationalError:
            return False
        return True

    @contextmanager
    def frozen(self) -> Generator[None]:
        """Nobody else can change a job as long as the block runs; reading is free."""
        with self.connection() as connection:
            if self.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.exec_driver_sql("SELECT 1 FROM errands_job FOR UPDATE")
            yield
            connection.rollback()


def engine_of(url: str, **options: Any) -> sa.Engine:
    """An engine that knows nothing of Errands."""
    address = sa.make_url(url)
    name = address.get_backend_name()
    name = {"mysql": "mariadb", "postgres": "postgresql"}.get(name, name)
    return sa.create_engine(address.set(drivername=DRIVERS[name]), **options)


@contextmanager
def site_on(server: Server, *, is_migrated: bool = True) -> Generator[Site]:
    """A new database on a server, dropped afterwards."""
    made = (server.migrated if is_migrated else server.database)("errands_fault")
    with made as name:
        yield Site(server.name, server.url_of(name))


@contextmanager
def site_of(name: str, folder: Path, *, is_migrated: bool = True) -> Generator[Site]:
    """A new database on a store; skips the test where it is left out.

    On a server it has the schema, unless it is about migrating.
    """
    if name == "sqlite":
        yield Site(name, f"sqlite:///{folder / 'jobs.db'}")
        return
    if name not in stores.chosen():
        pytest.skip(f"left out: no {name}")
    with site_on(servers.server(name), is_migrated=is_migrated) as site:
        yield site


@contextmanager
def site_on_own(server: OwnServer) -> Generator[Site]:
    """A new database on a server of the tests' own, with which it will vanish."""
    name = f"errands_fault_{uuid4().hex[:8]}"
    engine = server.server.engine()
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    yield Site(server.name, server.server.url_of(name))


def examined(app: Errands) -> list[Finding]:
    """What the doctor finds wrong in an open application's database; its notes are left out."""
    return [finding for finding in found(app) if finding.severity is not Severity.NOTE]


def found(app: Errands) -> list[Finding]:
    """All that the doctor says of it."""
    store = app.container.store()
    try:
        database = open_database(store)
    except NotImplementedError:
        database = MemoryDatabase(store.url)
    doctor = Doctor(store=store, database=database)
    return [finding for step in doctor.examine() for finding in step.findings]


def through(site: Site, port: int) -> str:
    """The same database by way of a proxy."""
    address = sa.make_url(site.url).set(port=port)
    return address.render_as_string(hide_password=False)
