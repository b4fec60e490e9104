"""A database on a server, looked at from outside."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager

import attrs
from sqlalchemy import Connection, Inspector, inspect

from .....core.domain.store_errors import StoreError
from .....core.ports.database import Database, DatabaseFacts
from ..revision import current_revision
from ..schema import REVISIONS, Tables
from .driver import ServerDriver

Connected = Callable[[], AbstractContextManager[Connection]]
"""Opens a connection of SQLAlchemy's for the length of a block."""


@attrs.frozen(eq=False)
class ServerDatabase(Database):
    """Opens a connection of its own for each look. `size_query` gives the tables' bytes."""

    driver: ServerDriver
    connected: Connected
    engine: str
    size_query: str

    def facts(self) -> DatabaseFacts:
        with self._look() as connection:
            revision = current_revision(connection, self._tables)
            version = ".".join(map(str, connection.dialect.server_version_info or ()))
            size = connection.exec_driver_sql(self.size_query).scalar() if revision else None
        return DatabaseFacts(
            url=self.driver.url,
            engine=f"{self.engine} {version}",
            exists=True,
            revision=revision,
            newest_revision=REVISIONS[-1],
            size=None if size is None else int(size),
        )

    def damage(self, *, thorough: bool) -> list[str]:
        """A server checks its own files."""
        del thorough
        return []

    def missing_parts(self) -> list[str]:
        with self._look() as connection:
            return [*_missing(inspect(connection), self._tables)]

    @property
    def _tables(self) -> Tables:
        return self.driver.dialect.tables

    @contextmanager
    def _look(self) -> Generator[Connection, None, None]:
        try:
            with self.connected() as connection:
                yield connection
        except StoreError:
            raise
        except Exception as error:
            store_error = self.driver.translated(getattr(error, "orig", None) or error)
            if store_error is None:
                raise
            raise store_error from error


def _missing(there: Inspector, tables: Tables) -> Generator[str, None, None]:
    schema = tables.schema
    for table in tables.metadata.sorted_tables:
        if not there.has_table(table.name, schema=schema):
            yield f"table {table.name}"
            continue
        found = {index["name"] for index in there.get_indexes(table.name, schema=schema)}
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            if index.name not in found:
                yield f"index {index.name}"
    if tables.backlog not in there.get_view_names(schema=schema):
        yield f"view {tables.backlog}"
