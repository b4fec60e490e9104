"""Many rows in few statements, as they are, on every engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

from sqlalchemy import BindParameter, Table, bindparam, insert

from ..sql_connection import SqlConnection
from ..statement import Row, Statement

Values = dict[str, BindParameter[Any]]
SIZES: Final = (100, 10, 1)
"""Rows of a statement: a hundred jobs have 3,200 parameters, of 32,766 that SQLite allows."""
LONGEST: Final = 1024 * 1024
"""Characters of one statement with several rows: a server refuses what is beyond its limit."""
FORMS: Final = 64


def insert_rows(
    sql: SqlConnection, table: Table, names: Sequence[str], rows: Sequence[Row]
) -> None:
    """Write rows of these columns; a key that is taken is an error of the driver."""
    for part in _parts(rows):
        statement = _statement(table, tuple(names), len(part))
        sql.write(statement, tuple(chain.from_iterable(part)))


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    start = 0
    while start < len(rows):
        size = next(size for size in SIZES if _fits(rows[start : start + size], size))
        yield rows[start : start + size]
        start += size


def _fits(part: Sequence[Row], size: int) -> bool:
    if len(part) < size:
        return False
    return size == 1 or sum(len(v) for row in part for v in row if isinstance(v, str)) <= LONGEST


@lru_cache(FORMS)
def _statement(table: Table, names: tuple[str, ...], count: int) -> Statement:
    """An insert of so many rows. Parameters: the columns of the first row, of the second, ..."""
    rows: list[Values] = [
        {name: bindparam(f"{name}_{place}") for name in names} for place in range(count)
    ]
    parameters = [f"{name}_{place}" for place in range(count) for name in names]
    return Statement(insert(table).values(rows if count > 1 else rows[0]), parameters)
