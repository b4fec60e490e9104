"""What jobs draw their keys from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .sql_connection import SqlConnection


class Sequences(Protocol):
    """Draws sequences; each rises above all that were drawn before, and none comes twice."""

    def draw(self, sql: SqlConnection, count: int) -> Sequence[int]:
        """`count` of them, rising."""
        ...

    def last(self, sql: SqlConnection) -> int:
        """The highest drawn so far."""
        ...

    def count_on(self, sql: SqlConnection, least: int) -> None:
        """Draw what comes next above this; never below what was drawn."""
        ...
