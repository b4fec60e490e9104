"""The store for a database URL."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from sqlalchemy.engine import URL, make_url

from ...core.domain.errors import InvalidOption
from ...core.domain.job.failure import storable
from ...core.domain.store_errors import InvalidDatabaseUrl
from ...core.ports.store import Store
from ...core.ports.wakeup import Wakeup
from ..clock import host_clock
from ..settings import Settings, without_password

if TYPE_CHECKING:
    from .sql.server.store import Engine

Clock = Callable[[], datetime]
KNOWN: Final = (
    "memory://, sqlite:///path, postgresql://user@host/database, mariadb://user@host/database "
    "and mysql://user@host/database"
)


def open_store(settings: Settings, clock: Clock | None, wakeup: Wakeup) -> Store:
    """A store that is not open yet, on the given clock or on its own.

    Raises `InvalidDatabaseUrl`.
    """
    scheme, separator, rest = settings.url.partition("://")
    if not separator:
        raise InvalidDatabaseUrl(without_password(settings.url), "it has no scheme")
    match scheme.partition("+")[0]:
        case "memory":
            return _memory(clock, wakeup)
        case "sqlite":
            return _sqlite(rest, settings, clock, wakeup)
        case "postgresql" | "postgres":
            return _postgresql(settings, clock, wakeup)
        case "mariadb" | "mysql":
            return _mysql(settings, clock, wakeup)
        case _:
            shown = without_password(settings.url)
            raise InvalidDatabaseUrl(shown, f"{scheme!r} is not one of {KNOWN}")


def _memory(clock: Clock | None, wakeup: Wakeup) -> Store:
    from .memory.store import MemoryStore

    return MemoryStore(clock or host_clock, wakeup)


def _sqlite(rest: str, settings: Settings, clock: Clock | None, wakeup: Wakeup) -> Store:
    from .sql.sqlite.connections import SqliteFile
    from .sql.sqlite.driver import MEMORY
    from .sql.sqlite.store import SqliteStore

    shown = without_password(settings.url)
    if rest and not rest.startswith("/"):
        raise InvalidDatabaseUrl(shown, "a SQLite URL has three slashes before its path")
    if "?" in rest or "#" in rest:
        raise InvalidDatabaseUrl(shown, "a SQLite URL takes no parameters")
    path = unquote(rest[1:])
    if "\0" in path:
        raise InvalidDatabaseUrl(shown.replace("\0", ""), "the path contains NUL")
    try:
        os.fsencode(path)
    except UnicodeEncodeError as error:
        raise InvalidDatabaseUrl(storable(shown), "no file can be called so") from error
    file = SqliteFile(
        path=MEMORY if path in ("", MEMORY) else str(Path(path).absolute()),
        synchronous=settings.synchronous,
        busy_seconds=settings.busy_timeout.total_seconds(),
        migrates=settings.migrate,
    )
    return SqliteStore(file, clock or host_clock, wakeup)


def _postgresql(settings: Settings, clock: Clock | None, wakeup: Wakeup) -> Store:
    from .sql.postgresql.dialect import dialect_of
    from .sql.postgresql.engine import PostgresqlEngine
    from .sql.postgresql.schema import PostgresqlTables

    tables = PostgresqlTables(settings.table_prefix, settings.schema)
    shown = without_password(settings.url)
    engine = PostgresqlEngine(_address(settings.url, shown), shown, dialect_of(tables))
    return _on_server(engine, settings, clock, wakeup)


def _mysql(settings: Settings, clock: Clock | None, wakeup: Wakeup) -> Store:
    from .sql.mysql.engine import MysqlEngine

    shown = without_password(settings.url)
    if settings.schema is not None:
        raise InvalidOption("schema", "is for PostgreSQL; here the database is the schema")
    engine = MysqlEngine(_address(settings.url, shown), shown, settings.table_prefix)
    return _on_server(engine, settings, clock, wakeup)


def _on_server(engine: Engine, settings: Settings, clock: Clock | None, wakeup: Wakeup) -> Store:
    from .sql.server.store import ServerStore

    return ServerStore(
        engine,
        wakeup,
        connections=settings.connections,
        patience=settings.busy_timeout.total_seconds(),
        migrates=settings.migrate,
        clock=clock,
    )


def _address(url: str, shown: str) -> URL:
    from sqlalchemy.exc import ArgumentError

    if storable(url, len(url)) != url:
        raise InvalidDatabaseUrl(storable(shown), "it contains NUL or is not valid Unicode")
    try:
        address = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise InvalidDatabaseUrl(shown, without_password(str(error))) from None
    if address.port is not None and not 0 < address.port < 2**16:
        raise InvalidDatabaseUrl(shown, "its port is none from 1 to 65535")
    if not address.database:
        raise InvalidDatabaseUrl(shown, "it names no database")
    return address
