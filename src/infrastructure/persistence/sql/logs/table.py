"""The table of log lines."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Column, Integer

from ..types import TEXT, key, required

LOG: Final = ("job_key", "number", "at", "text")
"""Columns of a log line."""


def columns() -> list[Column[Any]]:
    """The columns, for a new set of tables."""
    return [
        key("job_key", BigInteger()),
        key("number", Integer()),
        required("at", BigInteger()),
        required("text", TEXT),
    ]
