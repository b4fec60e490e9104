"""The store for a database URL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from ...core.domain.errors import InvalidDatabaseUrl
from ...core.ports.store import Store
from ...core.ports.wakeup import Wakeup
from ..settings import Settings, without_password

Clock = Callable[[], datetime]
KNOWN: Final = "memory:// and sqlite:///path"


def open_store(settings: Settings, clock: Clock, wakeup: Wakeup) -> Store:
    """A store that is not open yet. Raises `InvalidDatabaseUrl`."""
    scheme, separator, rest = settings.url.partition("://")
    if not separator:
        raise InvalidDatabaseUrl(without_password(settings.url), "it has no scheme")
    match scheme.partition("+")[0]:
        case "memory":
            return _memory(clock, wakeup)
        case "sqlite":
            return _sqlite(rest, settings, clock, wakeup)
        case _:
            shown = without_password(settings.url)
            raise InvalidDatabaseUrl(shown, f"{scheme!r} is not one of {KNOWN}")


def _memory(clock: Clock, wakeup: Wakeup) -> Store:
    from .memory.store import MemoryStore

    return MemoryStore(clock, wakeup)


def _sqlite(rest: str, settings: Settings, clock: Clock, wakeup: Wakeup) -> Store:
    from .sql.sqlite.connections import Place
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
    place = Place(
        path=MEMORY if path in ("", MEMORY) else str(Path(path).absolute()),
        synchronous=settings.synchronous,
        busy_seconds=settings.busy_timeout.total_seconds(),
        migrates=settings.migrate,
    )
    return SqliteStore(place, clock, wakeup)
