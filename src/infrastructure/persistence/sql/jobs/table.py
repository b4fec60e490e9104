"""The table of jobs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column

from ..types import key, optional, required
from .columns import COLUMNS


def columns() -> list[Column[Any]]:
    """The columns, for a new set of tables."""
    first, *others = COLUMNS
    return [
        key(first.name, first.type),
        *((optional if each.is_optional else required)(each.name, each.type) for each in others),
    ]
