"""PostgreSQL as an engine of the server store."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from functools import partial
from typing import Self

from .....core.domain.events import Hint
from ..server.database import ServerDatabase
from ..server.polling import Polling
from ..server.store import Engine
from ..server.units import Units
from ..session import Session
from ..whereabouts import Whereabouts
from .driver import PostgresqlDriver
from .host import PostgresqlHost
from .migrate import bring_up_to_date, connected
from .names import quoted
from .news import PostgresqlNews


class PostgresqlEngine(PostgresqlDriver, Engine):
    """See the protocol."""

    def bring_up_to_date(self, *, migrates: bool) -> str:
        """See the protocol."""
        return bring_up_to_date(self, migrates=migrates)

    def host(self, where: Whereabouts) -> PostgresqlHost:
        """See the protocol."""
        return PostgresqlHost(self, where, self.spoken, self.url)

    @property
    def express(self) -> Self | None:
        """See the protocol. Windows' usual event loop cannot wait for a socket of libpq."""
        return None if sys.platform == "win32" else self

    def database(self) -> ServerDatabase:
        """See the protocol."""
        tables = self.spoken.tables.metadata.sorted_tables
        sizes = (f"pg_total_relation_size('{quoted(table)}')" for table in tables)
        query = f"SELECT {' + '.join(sizes)}"
        return ServerDatabase(self, partial(connected, self), "PostgreSQL", query)

    def news(
        self, units: Units, store_id: str, tell: Callable[[Collection[Hint]], None]
    ) -> PostgresqlNews:
        """See the protocol."""
        polling = Polling(partial(units.ask, _newest_event))
        return PostgresqlNews(self, polling, f"errands_{store_id}", tell)


def _newest_event(session: Session) -> int:
    return int(session.rows(session.grammar.statements.last_event)[0][0] or 0)
