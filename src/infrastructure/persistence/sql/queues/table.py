"""The table of queues."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, SmallInteger

from ..types import NAME, key, optional, required


def columns() -> list[Column[Any]]:
    """The columns, for a new set of tables."""
    return [
        key("name", NAME),
        required("paused", SmallInteger()),
        required("turn", BigInteger()),
        optional("drained_at", BigInteger()),
    ]
