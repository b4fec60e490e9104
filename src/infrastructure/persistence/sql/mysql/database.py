"""A database on MariaDB or MySQL, looked at from outside."""

from __future__ import annotations

from functools import partial
from typing import Final

import attrs

from .....core.ports.database import Database, DatabaseFacts
from ..schema import Tables
from ..server.database import ServerDatabase
from .driver import MysqlDriver
from .migrate import connected

_NAMES: Final = {"mariadb": "MariaDB", "mysql": "MySQL"}


@attrs.frozen(eq=False)
class MysqlDatabase(Database):
    """Asks which of the two servers it is when it is first looked at."""

    driver: MysqlDriver

    def facts(self) -> DatabaseFacts:
        return self._found().facts()

    def damage(self, *, thorough: bool) -> list[str]:
        return self._found().damage(thorough=thorough)

    def missing_parts(self) -> list[str]:
        return self._found().missing_parts()

    def _found(self) -> ServerDatabase:
        driver = self.driver
        try:
            name = _NAMES[driver.flavour.name]
        except driver.module.Error as error:
            raise driver.translated(error) or error from error
        size_query = _size_query(driver.dialect.tables)
        return ServerDatabase(driver, partial(connected, driver), name, size_query)


def _size_query(tables: Tables) -> str:
    names = ", ".join(f"'{table.name}'" for table in tables.metadata.sorted_tables)
    return (
        "SELECT sum(data_length + index_length) FROM information_schema.tables"  # noqa: S608 - names
        f" WHERE table_schema = DATABASE() AND table_name IN ({names})"
    )
