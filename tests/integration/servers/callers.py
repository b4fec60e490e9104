"""Every kind of connection to a server that a caller may hold, behind one face."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

import psycopg
import pymysql
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine
from sqlalchemy.orm import Session

SYNC_DRIVERS: Final = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql"}
ASYNC_DRIVERS: Final = {
    "postgresql": ("postgresql+psycopg", "postgresql+asyncpg"),
    "mariadb": ("mariadb+asyncmy",),
}
SYNC_KINDS: Final = ("Connection", "Session", "driver")
ASYNC_KINDS: Final = ("AsyncConnection", "AsyncSession")
KINDS: Final = (*SYNC_KINDS, *(f"{kind} {n}" for kind in ASYNC_KINDS for n in (0, 1)))
"""The number of an async kind is that of its driver."""


def engine_url(url: str, *, driver: int | None = None) -> sa.URL:
    """The same database for an engine of the caller."""
    address = sa.make_url(url)
    name = "mariadb" if address.drivername.startswith("mariadb") else "postgresql"
    chosen = SYNC_DRIVERS[name] if driver is None else ASYNC_DRIVERS[name][driver]
    return address.set(drivername=chosen)


def exists(kind: str, url: str) -> bool:
    """Whether there is such a kind on this server."""
    number = kind.partition(" ")[2]
    name = "mariadb" if url.startswith("mariadb") else "postgresql"
    return not number or int(number) < len(ASYNC_DRIVERS[name])


@asynccontextmanager
async def a_connection(kind: str, url: str, **options: Any) -> AsyncGenerator[Any]:
    """A connection or session of this kind, closed at the end."""
    name, _, number = kind.partition(" ")
    if name == "driver":
        with plain(url, **options) as connection:
            yield connection
        return
    if name in SYNC_KINDS:
        engine = sa.create_engine(engine_url(url), **options)
        with engine.connect() if name == "Connection" else Session(engine) as connection:
            yield connection
        engine.dispose()
        return
    async_engine = create_async_engine(engine_url(url, driver=int(number)), **options)
    made: AsyncConnection | AsyncSession = (
        async_engine.connect() if name == "AsyncConnection" else AsyncSession(async_engine)
    )
    async with made as connection:
        yield connection
    await async_engine.dispose()


def plain(url: str, *, autocommit: bool = False, **options: Any) -> Any:
    """A connection of the driver alone."""
    address = sa.make_url(url)
    if address.drivername.startswith("mariadb"):
        return pymysql.connect(
            host=address.host,
            port=address.port or 3306,
            user=address.username,
            password=address.password or "",
            database=address.database,
            autocommit=autocommit,
            **options,
        )
    return psycopg.connect(url, autocommit=autocommit, **options)
