"""The database of a store, to be looked at from outside."""

from __future__ import annotations

from ...core.ports.database import Database
from ...core.ports.store import Store


def open_database(store: Store) -> Database:
    """The database below a store, whether the store is open or not."""
    from .memory.database import MemoryDatabase
    from .sql.server.store import ServerStore
    from .sql.sqlite.database import SqliteDatabase
    from .sql.sqlite.store import SqliteStore

    if isinstance(store, SqliteStore):
        return SqliteDatabase(store.file)
    if isinstance(store, ServerStore):
        return store.engine.database()
    return MemoryDatabase(store.url)
