"""MariaDB and MySQL as engines of the server store."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from .....core.domain.events import Hint
from ..server.store import Engine
from ..server.units import Units
from ..session import Session
from ..whereabouts import Whereabouts
from .database import MysqlDatabase
from .driver import MysqlDriver
from .host import MysqlHost
from .migrate import bring_up_to_date
from .news import MysqlNews


class MysqlEngine(MysqlDriver, Engine):
    """See the protocol."""

    def bring_up_to_date(self, *, migrates: bool) -> str:
        """See the protocol."""
        return bring_up_to_date(self, migrates=migrates)

    def host(self, where: Whereabouts) -> MysqlHost:
        """See the protocol."""
        return MysqlHost(self, where, self.grammar, self.url)

    def database(self) -> MysqlDatabase:
        """See the protocol."""
        return MysqlDatabase(self)

    def news(
        self, units: Units, store_id: str, tell: Callable[[Collection[Hint]], None]
    ) -> MysqlNews:
        """See the protocol."""
        says = self.grammar.statements

        def newest(session: Session) -> int:
            return int(session.rows(says.last_event)[0][0] or 0)

        def behind(after: int, session: Session) -> tuple[int, int]:
            found, count = session.rows(says.count_events, (after,))[0]
            return int(found or after), int(count)

        def ask(after: int) -> tuple[int, int]:
            return units.ask(partial(behind, after))

        return MysqlNews(partial(units.ask, newest), ask, self.grammar.own_events, self.close_side)
