"""The table of named facts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column

from ..types import NAME, TEXT, key, required


def columns() -> list[Column[Any]]:
    """The columns, for a new set of tables."""
    return [key("name", NAME), required("value", TEXT)]
