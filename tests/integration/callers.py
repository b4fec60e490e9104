"""Every kind of SQLAlchemy connection a caller may hold, behind one face."""

import inspect
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine
from sqlalchemy.orm import Session

KINDS = ("Connection", "Session", "AsyncConnection", "AsyncSession")
SYNC_KINDS = ("Connection", "Session")

notes = sa.Table("notes", sa.MetaData(), sa.Column("text", sa.Text, primary_key=True))


@asynccontextmanager
async def a_connection(kind: str, path: Path, **options: Any) -> AsyncGenerator[Any]:
    """A connection or session of this kind to a file, closed at the end."""
    if kind in SYNC_KINDS:
        engine = sa.create_engine(f"sqlite:///{path}", **options)
        with engine.connect() if kind == "Connection" else Session(engine) as connection:
            yield connection
        engine.dispose()
        return
    async_engine = create_async_engine(f"sqlite+aiosqlite:///{path}", **options)
    made: AsyncConnection | AsyncSession = (
        async_engine.connect() if kind == "AsyncConnection" else AsyncSession(async_engine)
    )
    async with made as connection:
        yield connection
    await async_engine.dispose()


async def settled(value: Any) -> Any:
    """The value, awaited where it has to be: one spelling for both kinds of caller."""
    return await value if inspect.isawaitable(value) else value
