"""Which very database a connection leads to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs

from .....core.domain.store_errors import DifferentDatabase
from ..sql_connection import SqlConnection

NOWHERE: Final = ("", "")
"""The id and the place of a database that holds no queue."""


@attrs.define(eq=False)
class Whereabouts:
    """The id of a queue, and the place of its database, which no clone shares.

    A clone or a restored backup has the id of the original, but another place. A server that
    has restarted or failed over has another place than before: so the place is asked for anew
    before a connection is refused. It is not asked for at all while nobody brings one.
    """

    url: str
    store_id: str
    ask: Callable[[], tuple[str, str]]
    """Id and place, by a connection of the queue's own."""
    _place: str = attrs.field(default="", init=False)

    def require(self, theirs: tuple[str, str]) -> None:
        """Raise `DifferentDatabase` where id and place are those of another one."""
        store_id, place = theirs
        if store_id == self.store_id and place == self._place:
            return
        if store_id == self.store_id:
            self._place = self.ask()[1]
        if store_id != self.store_id or place != self._place:
            raise DifferentDatabase(self.url)


def found_on(sql: SqlConnection) -> tuple[str, str]:
    """The id and the place of the database that a session leads to."""
    rows = sql.rows(sql.dialect.statements.meta.id_and_place)
    return (str(rows[0][0]), str(rows[0][1])) if rows else NOWHERE
