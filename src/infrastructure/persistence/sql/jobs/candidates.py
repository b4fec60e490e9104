"""Conditions that let through every job that a search is for, and few others.

Engines differ in what they hold for equal JSON, in how they write numbers and in how deeply
they look. So SQL only looks for pieces of text that the JSON of a fitting job must contain,
since one encoder writes it all; the domain decides about the jobs that are found.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from sqlalchemy import or_
from sqlalchemy.sql import ColumnElement

from .....core.ports.job_catalog import JobQuery
from ..encoding import json_text
from ..syntax import SqlSyntax

MOST_KEYS: Final = 8
"""Keys of metadata that SQL looks for; engines bound the depth of a condition."""
MOST_PIECES: Final = 8
"""Pieces of an error's text that SQL looks for."""
_JOINT: Final = ": "
"""What stands between the type and the message of a failure."""


def candidates(query: JobQuery, syntax: SqlSyntax) -> Iterator[ColumnElement[bool]]:
    """What the rows of all jobs that the query's tag, metadata and error are for fulfil."""
    job = syntax.tables.jobs.c
    if query.tag is not None:
        yield syntax.contains(job.labels, json_text(query.tag))
    for key, value in islice(query.metadata.items(), MOST_KEYS):
        pieces = (f"{json_text(key)}:{written}" for written in spellings(value))
        yield or_(*(syntax.contains(job.labels, piece) for piece in pieces))
    if query.error is not None:
        yield job.failures.is_not(None)
        for piece in islice(pieces_of(query.error), MOST_PIECES):
            yield syntax.contains(job.failures, piece)


def spellings(value: Any) -> Iterator[str]:
    """How JSON equal to this value begins where it is the value of a key."""
    match value:
        case dict():
            yield "{"
        case list():
            yield "["
        case int() | float() if not isinstance(value, bool):
            for written in sorted(_numbers(value)):
                yield f"{written},"
                yield f"{written}}}"
        case _:
            yield json_text(value)


def _numbers(value: float) -> set[str]:
    """All ways in which the encoder writes a number of this value."""
    written = {json_text(value)}
    if value == int(value) and -(2**63) <= value < 2**64:
        written.add(json_text(int(value)))
    if float(value) == value:
        written.add(json_text(float(value)))
    if value == 0:
        written |= {"0.0", "-0.0"}
    return written


def pieces_of(text: str) -> Iterator[str]:
    """What the JSON of a failure contains whose line contains this text.

    The line joins two strings of the JSON, so the text may span both.
    """
    first, *others = text.split(_JOINT)
    *others, last = (first.removeprefix(" "), *others)
    for piece in (*others, last.removesuffix(":")):
        if piece:
            yield json_text(piece)[1:-1]
