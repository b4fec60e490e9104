"""Connections that count the rows a statement has changed, not those that it has met."""

from __future__ import annotations

from ..server.horizon import Known
from ..sql_connection import SqlConnection


class CountsWritten(SqlConnection):
    """A session of ours, whose driver does not count rows that were left as they are.

    Those of SQLAlchemy do, and so may any that a caller brings. `known` is what was known of
    the log of events before its snapshot was taken.
    """

    known: Known
