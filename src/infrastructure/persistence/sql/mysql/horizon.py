"""Up to which event nothing can be added any more, where ids are drawn before the commit."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from .....core.domain.id_runs import IdRun, runs_of
from ....fork_safe_lock import fork_safe_lock
from ..events.watermark import Runs, Watermark
from ..server.horizon import (
    LONGEST_WAIT,
    NOTHING,
    Gap,
    Known,
    end_of_run,
    has_gone_back,
    ids_in,
    merged,
)
from ..server.passed_over import (
    LOOKED_BACK,
    together,
    warn_of,
)

STATEMENT_SECONDS: Final = 2.0
"""How long an insert that nobody can see may take from drawing its ids to writing its rows."""


@attrs.frozen
class Written:
    """Ids of events that have rows, committed or not.

    `is_all`: no insert was under way that has drawn ids and not yet written their rows.
    """

    ids: frozenset[int]
    is_all: bool


AskWritten = Callable[[Sequence[IdRun]], Written | None]
"""Which of these ids are written; None where nobody could tell."""


@attrs.frozen(eq=False)
class Sight:
    """What one snapshot shows of the log, asked for as far as it is needed.

    `older` is the newest event that is older, by so many seconds, than the newest of all;
    `missing` are the ids that are not in sight behind one, up to another that is. `written` is
    asked after the snapshot was taken.
    """

    newest: int
    ids_behind: Callable[[int, int], Sequence[int]]
    older: Callable[[float], int]
    missing: Callable[[int, int], Sequence[IdRun]]
    written: AskWritten


class MysqlHorizon:
    """An id is settled where all ids before it are in sight, or are nobody's.

    An id that is missing belongs to an open transaction, or to one that rolled back, or was
    removed. The first has a row that is not committed, as soon as the insert that drew the id
    is through. The server's list of open transactions would not do: it is renewed only when
    nobody has asked for 0.1 s. Safe from any thread; nobody waits for anybody's answer of the
    server but for his own.
    """

    def __init__(self) -> None:
        self._lock = fork_safe_lock()
        self._known = NOTHING

    @property
    def known(self) -> Known:
        """What is known now, for a snapshot that is about to be taken."""
        return self._known

    def watermark(self, sight: Sight, known: Known) -> Watermark:
        """What is settled as this snapshot sees it, by what was known before it was taken."""
        if has_gone_back(known, sight.newest):
            with self._lock:
                self._known = known = NOTHING
        last, passed = _begun(sight) if known.last is None else (known.last, known.passed)
        last, gap = end_of_run(last, sight.newest, sight.ids_behind), known.gap
        if last < sight.newest:
            if gap is None or gap.newest <= last:
                gap = Gap(sight.newest, frozenset(), time.monotonic())
            is_nobodys = _is_nobodys(gap, last, sight)
            if not is_nobodys and time.monotonic() - gap.since > LONGEST_WAIT:
                runs, is_nobodys = tuple(sight.missing(last, gap.newest)), True
                passed = together(passed, runs)
                warn_of(runs, LONGEST_WAIT)
            if is_nobodys:
                last = end_of_run(gap.newest, sight.newest, sight.ids_behind)
        with self._lock:
            self._known = merged(self._known, Known(last, gap, passed))
        return Watermark(last, sight.newest, passed)


def _begun(sight: Sight) -> tuple[int, Runs]:
    """Where a process begins that knows nothing yet, and what it passes over by that.

    It does not wait for what is older than the longest wait. What is missing of that and written
    is not committed, or has been so since the snapshot.
    """
    last = sight.older(LONGEST_WAIT)
    missing = sight.missing(sight.older(LOOKED_BACK), last) if last else ()
    written = sight.written(missing) if missing else None
    runs = tuple(missing) if written is None else runs_of(written.ids)
    if runs:
        warn_of(runs, LONGEST_WAIT)
    return last, runs


def _is_nobodys(gap: Gap, last: int, sight: Sight) -> bool:
    """Whether whoever drew the missing ids of a gap has ended."""
    waited = time.monotonic() - gap.since
    written = sight.written([IdRun(last + 1, gap.newest)])
    if written is None or not (written.is_all or waited > STATEMENT_SECONDS):
        return False
    return written.ids <= ids_in(last, gap.newest, sight.ids_behind)
