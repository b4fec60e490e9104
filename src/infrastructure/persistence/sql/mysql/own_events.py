"""Which events this process has written itself."""

from __future__ import annotations

from collections import deque
from typing import Final

from ....fork_safe_lock import fork_safe_lock

MOST_RUNS: Final = 1_000


class OwnEvents:
    """Runs of ids that were drawn here, committed or not; the latest of them. Any thread."""

    def __init__(self) -> None:
        self._lock = fork_safe_lock()
        self._runs: deque[tuple[int, int]] = deque(maxlen=MOST_RUNS)

    def note(self, first: int, count: int) -> None:
        """Ids that an insert was given."""
        with self._lock:
            self._runs.append((first, first + count - 1))

    def count(self, after: int, up_to: int) -> int:
        """How many of the ids behind one, up to another, were drawn here."""
        with self._lock:
            return sum(
                max(0, min(last, up_to) - max(first, after + 1) + 1) for first, last in self._runs
            )

    def forget(self, up_to: int) -> None:
        """Nobody will ask for the ids up to this one again."""
        with self._lock:
            self._runs = deque((run for run in self._runs if run[1] > up_to), MOST_RUNS)
