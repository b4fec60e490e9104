"""The stores by name, and those that are there."""

from __future__ import annotations

from functools import cache
from typing import Final

from tests import stores
from tests.benchmarks.stores.store import Store

KNOWN: Final = ("sqlite", "postgresql", "mariadb")
"""In the order of the tables."""


@cache
def store(name: str) -> Store:
    """A store by its name. A driver is only asked for where its store is measured."""
    match name:
        case "sqlite":
            from tests.benchmarks.stores.sqlite import Sqlite

            return Sqlite()
        case "postgresql":
            from tests.benchmarks.stores.postgresql import Postgresql

            return Postgresql()
        case "mariadb":
            from tests.benchmarks.stores.mariadb import Mariadb

            return Mariadb()
        case _:
            raise LookupError(name)


def store_of(url: str) -> Store:
    """The store of a database."""
    scheme = url.partition(":")[0].partition("+")[0]
    return store({"mysql": "mariadb"}.get(scheme, scheme))


def there() -> list[str]:
    """The stores that can be measured here."""
    found = stores.chosen()
    return [name for name in KNOWN if name in found]
