"""Up to which event nothing can be added any more, where ids are drawn before the commit."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from ....fork_safe_lock import fork_safe_lock
from ..server.horizon import LONGEST_WAIT, Settled, end_of_run

STATEMENT_SECONDS: Final = 2.0
"""How long an insert that nobody can see may take from drawing its ids to writing its rows."""


@attrs.frozen
class Written:
    """Ids of events that have rows, committed or not.

    `is_all`: no insert was under way that has drawn ids and not yet written their rows.
    """

    ids: frozenset[int]
    is_all: bool


AskWritten = Callable[[int, int], Written | None]
"""What is written behind one id, up to another; None where nobody could tell."""


@attrs.frozen(eq=False)
class Sight:
    """What one snapshot shows of the log, asked for as far as it is needed.

    `written` is asked after the snapshot was taken.
    """

    newest: int
    ids_behind: Callable[[int, int], Sequence[int]]
    surely_settled: Callable[[], int]
    written: AskWritten


@attrs.frozen
class _Gap:
    """Ids up to `newest`, all of them drawn by then, of which some were not in sight."""

    newest: int
    since: float


class MysqlHorizon:
    """An id is settled where all ids before it are in sight, or are nobody's.

    An id that is missing belongs to an open transaction, or to one that rolled back, or was
    removed. The first has a row that is not committed, as soon as the insert that drew the id
    is through. The server's list of open transactions would not do: it is renewed only when
    nobody has asked for 0.1 s. Safe from any thread.
    """

    def __init__(self) -> None:
        self._lock = fork_safe_lock()
        self._last: int | None = None
        self._gap: _Gap | None = None

    def settled(self, sight: Sight) -> Settled:
        """What is settled as this snapshot sees it."""
        with self._lock:
            last = sight.surely_settled() if self._last is None else self._last
            last = end_of_run(last, sight.newest, sight.ids_behind)
            if last < sight.newest:
                last = self._behind_the_gap(last, sight)
            self._last = last
            if last >= sight.newest:
                self._gap = None
            return Settled(last, sight.newest)

    def _behind_the_gap(self, last: int, sight: Sight) -> int:
        if self._gap is None or self._gap.newest <= last:
            self._gap = _Gap(sight.newest, time.monotonic())
        if not _is_nobodys(self._gap, last, sight):
            return last
        return end_of_run(self._gap.newest, sight.newest, sight.ids_behind)


def _is_nobodys(gap: _Gap, last: int, sight: Sight) -> bool:
    """Whether whoever drew the missing ids of a gap has ended."""
    waited = time.monotonic() - gap.since
    if waited > LONGEST_WAIT:
        return True
    written = sight.written(last, gap.newest)
    if written is None or not (written.is_all or waited > STATEMENT_SECONDS):
        return False
    seen: set[int] = set()
    after = last
    while after < gap.newest and (ids := sight.ids_behind(after, gap.newest - after)):
        seen.update(ids)
        after = max(ids)
    return seen.issuperset(written.ids)
