"""The table of events."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column

from ..types import KEY, NAME, STATUS, TEXT, optional, required


def columns() -> list[Column[Any]]:
    """The columns, for a new set of tables."""
    return [
        Column("id", KEY, primary_key=True, autoincrement=True),
        required("at", BigInteger()),
        required("type", STATUS),
        optional("queue", NAME),
        optional("job_id", NAME),
        optional("data", TEXT),
    ]
