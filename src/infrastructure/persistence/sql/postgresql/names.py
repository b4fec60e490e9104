"""Names of tables and sequences, quoted as PostgreSQL wants them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Sequence, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.compiler import IdentifierPreparer

_PREPARER: Final[IdentifierPreparer] = postgresql.dialect().identifier_preparer  # type: ignore[no-untyped-call]


def quoted(what: Table | Sequence) -> str:
    """The name, with its schema where it has one."""
    if isinstance(what, Sequence):
        return _PREPARER.format_sequence(what)
    return _PREPARER.format_table(what)
