"""What a database takes at once: rows are cut into parts, and a value has its bounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from .....core.domain.errors import PayloadTooLarge
from ..statement import Row
from .columns import BY_NAME, CHANGING, NEW

WIDEST: Final = 4
"""Bytes that a character takes at most."""
OF_A_ROW: Final = 400
"""Characters that the short columns of a row take at most, with what stands between them."""
_LONG_SAVED: Final = [place for place, name in enumerate(CHANGING) if BY_NAME[name].is_long]
_LONG_NEW: Final = [
    place for place, name in enumerate(NEW) if BY_NAME[name].is_long and name not in CHANGING
]
"""Those that a save writes are NULL in a new job."""


def saved_parts(rows: Sequence[Row], most: int) -> Iterator[Sequence[Row]]:
    """Rows that begin with `CHANGING` values, in their order.

    Each part has at most so many characters; a longer row is a part of its own.
    """
    return _parts(rows, most, _LONG_SAVED)


def new_parts(rows: Sequence[Row], most: int) -> Iterator[Sequence[Row]]:
    """As `saved_parts`, of `NEW` values."""
    return _parts(rows, most, _LONG_NEW)


def reported_parts(rows: Sequence[Row], most: int) -> Iterator[Sequence[Row]]:
    """As `saved_parts`, of keys, tokens and progress."""
    return _parts(rows, most, (2,))


def _parts(rows: Sequence[Row], most: int, columns: Sequence[int]) -> Iterator[Sequence[Row]]:
    start, room = 0, most
    for place, row in enumerate(rows):
        size = OF_A_ROW
        for column in columns:
            text = row[column]
            if text is not None:
                size += len(text)
        if size > room and place > start:
            yield rows[start:place]
            start, room = place, most
        room -= size
    if start < len(rows):
        yield rows[start:] if start else rows


def ensure_bytes(text: str, field: str, most: int) -> None:
    """Raise `PayloadTooLarge` for a text of more UTF-8 bytes."""
    if len(text) * WIDEST > most and (size := len(text.encode())) > most:
        raise PayloadTooLarge(field, f"has {size:,} bytes; the database takes {most:,}")
