"""What can go wrong with a store, and with the connections that callers bring."""

from __future__ import annotations

from typing import ClassVar

from .errors import ErrandsError


class StoreError(ErrandsError):
    """The store could not do what was asked; `url` never shows a password, and may be empty.

    `passes`: the same may succeed a little later. `is_permanent`: nothing will succeed for
    anybody until somebody mends the database. Where both are False, it is this write that
    failed; others may succeed. `is_of_connecting`: it was met before anything was asked for, so
    that it is no one write's own.
    """

    summary = "the store failed"
    passes: ClassVar[bool] = False
    is_permanent: ClassVar[bool] = False
    is_of_connecting = False

    def __init__(self, url: str, detail: str = "") -> None:
        self.url = url
        self.detail = detail
        super().__init__(": ".join(part for part in (url, self.summary, detail) if part))


class StoreRefused(StoreError, ValueError):
    """The database does not take one of these values.

    It is too long for a statement or a row, has a character or a number that cannot be kept,
    or a constraint or trigger of the database forbids it.
    """

    summary = "does not take this value"


class InvalidDatabaseUrl(StoreError, ValueError):
    """The URL cannot be parsed or names a database Errands does not speak."""

    is_permanent = True
    summary = "not a database URL that Errands can use"


class MissingDriver(StoreError, ImportError):
    """The database's driver is not installed."""

    is_permanent = True
    summary = "its driver is not installed"


class StoreNotOpen(StoreError, RuntimeError):
    """Used before `initialize()` or after `shutdown()`."""

    is_permanent = True
    summary = "used before initialize() or after shutdown()"


class OpenAtFork(StoreError, RuntimeError):
    """A forked process cannot use a database that its parent had open at the fork."""

    summary = "was open when this process was forked, and cannot be used here"


class StoreUnavailable(StoreError, OSError):
    """The database cannot be reached or opened."""

    passes = True
    summary = "cannot be opened"


class StoreUnusable(StoreUnavailable):
    """The database lacks a table, a right, or itself, or it cannot hold what Errands writes.

    Somebody has to mend that.
    """

    passes = False
    is_permanent = True
    summary = "cannot be used as it is"


class StoreReadOnly(StoreUnavailable):
    """The database, its file or its directory cannot be written."""

    summary = "is read-only"


class StoreFull(StoreUnavailable):
    """There is no room left on the disk; nothing of the unit was kept."""

    summary = "the disk is full"


class StoreGaveUp(StoreUnavailable):
    """The server broke this statement off: it took too long, or needed more than there was.

    The same may succeed a little later, or be broken off each time.
    """

    summary = "broke the statement off"


class StoreCorrupt(StoreError):
    """The file is not a database, or is damaged."""

    summary = "is not a sound database file"


class StoreBusy(StoreError, TimeoutError):
    """Another process held the write lock for longer than the busy limit."""

    passes = True
    summary = "stayed locked by another writer"


class NewerSchema(StoreError):
    """The schema was made by a newer Errands than this one."""

    is_permanent = True
    summary = "has a schema newer than this version of Errands"


class OutdatedSchema(StoreError):
    """The schema is older than this version needs, and migrating was turned off."""

    is_permanent = True
    summary = "needs a migration: run `errands db migrate`"


class CopyRefused(StoreError):
    """A database that cannot be copied, or cannot take a copy, as it is; nothing was changed."""

    summary = "no copy was made"


class SourceChanged(StoreError):
    """A database that was written to while it was copied; the copy is of no use yet."""

    summary = "was written to while it was copied"


class ConnectionRefused(ErrandsError, ValueError):
    """A caller's connection that cannot carry Errands' writes; `reason` says why."""

    def __init__(self, reason: str) -> None:
        self.field = "connection"
        self.reason = reason
        super().__init__(f"connection: {reason}")


class DifferentDatabase(ConnectionRefused):
    """A caller's connection to another database than the one the queue lives in."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(f"is not connected to the database of this queue ({url})")
