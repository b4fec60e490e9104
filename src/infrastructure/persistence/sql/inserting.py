"""Which of the jobs of an insert were written."""

from __future__ import annotations

from collections.abc import Sequence

from ....core.domain.job.identity import JobRef
from .grammar import Grammar
from .mapping import EVENT, INSERTED, LOADED, Row
from .session import Session

_KEY, _QUEUE, _ID = (INSERTED.index(name) for name in ("key", "queue", "id"))
_LOADED_KEY = LOADED.index("key")
_OF_QUEUE, _OF_JOB = EVENT.index("queue"), EVENT.index("job_id")


def told_of_written(
    grammar: Grammar, session: Session, rows: Sequence[Row], told: Sequence[Row]
) -> Sequence[Row]:
    """The events of those new jobs that an insert did not leave out."""
    by_key = {row[_KEY]: (row[_QUEUE], row[_ID]) for row in rows}
    there = grammar.look(session, {JobRef(*ref) for ref in by_key.values()})
    written = {by_key[row[_LOADED_KEY]] for row in there if row[_LOADED_KEY] in by_key}
    return [row for row in told if (row[_OF_QUEUE], row[_OF_JOB]) in written]
