"""A program whose signal handler raises, at any moment of a call.

Run as `python -m tests.faults.interrupting URL COUNT [SECONDS]`; then again and again so soon.
"""

import random
import signal
import sys
import time
from statistics import median
from typing import Any, Final

from errands import Errands, SyncQueue
from tests.faults.alarm import Alarm, is_alarm
from tests.integration.programs import say

SHORTEST: Final = 1e-6


class Clock:
    """Rings once within a call, or again and again until it is silenced."""

    def __init__(self, every: float) -> None:
        self._every = every
        self.is_silent = True
        signal.signal(signal.SIGALRM, self._ring)

    def start(self, longest: float) -> None:
        self.is_silent = False
        first = random.uniform(SHORTEST, longest)
        signal.setitimer(signal.ITIMER_REAL, first, self._every)

    def _ring(self, *_: Any) -> None:
        if not self.is_silent:
            raise Alarm


def main(url: str, count: str, every: str = "0") -> None:
    """Add and read under fire, then in peace; say what was acknowledged, and how much was cut."""
    app = Errands(url, busy_timeout=10)
    app.sync.initialize()
    queue, clock = app.sync.queue(), Clock(float(every))
    longest = 1.5 * usual_seconds(queue)
    cut = 0
    for number in range(int(count)):
        try:
            clock.start(longest)
            queue.add("job", job_id=f"fire-{number}")
            clock.is_silent = True
            say(f"fire-{number}")
            clock.start(longest)
            queue.counts()
        except Exception as error:
            # No call comes before this, and so no other signal.
            clock.is_silent = True
            if not is_alarm(error):
                raise
            cut += 1
        clock.is_silent = True
        signal.setitimer(signal.ITIMER_REAL, 0)
    for number in range(10):
        queue.add("job", job_id=f"peace-{number}")
        say(f"peace-{number}")
    say(f"cut {cut}")
    app.sync.shutdown()


def usual_seconds(queue: SyncQueue) -> float:
    """How long an add takes without signals."""
    taken: list[float] = []
    for _ in range(21):
        began = time.monotonic()
        queue.add("job")
        taken.append(time.monotonic() - began)
    return median(taken)


if __name__ == "__main__":
    main(*sys.argv[1:])
