"""A program that forks while a signal handler raises, at any moment, beside a thread that adds.

Run as `python -m tests.faults.forking_under_fire URL COUNT`. Its children add a job each.
"""

import faulthandler
import os
import signal
import sys
import threading
import time
from typing import Any, Final

from errands import Errands
from tests.faults.alarm import Alarm
from tests.faults.interrupting import Clock
from tests.integration.programs import say

LONGEST: Final = 0.004


class Neighbour:
    """A thread that adds, again and again."""

    def __init__(self, app: Errands) -> None:
        self.added = 0
        self._queue = app.sync.queue()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._add, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Let it add once more, then end it."""
        before = self.added
        while self.added <= before + 1:
            time.sleep(0.001)
        self._is_over.set()
        self._thread.join()

    def _add(self) -> None:
        while not self._is_over.wait(0.002):
            self._queue.add("neighbour")
            self.added += 1


def main(url: str, count: str) -> None:
    """Fork so often; say how many hooks were cut into, and how many jobs there are to be."""
    faulthandler.dump_traceback_later(100, exit=True)
    cuts: list[Any] = []
    sys.unraisablehook = lambda what: cuts.append(what.exc_type)
    app = Errands(url)
    app.sync.initialize()
    neighbour, clock = Neighbour(app), Clock(0)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    children = sum(children_under_fire(app, clock) for _ in range(int(count)))
    neighbour.end()
    app.sync.queue().add("main")
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == mask
    assert set(cuts) <= {Alarm}, cuts
    say(f"cut {len(cuts)}")
    say(f"added {neighbour.added + 1 + children}")
    app.sync.shutdown()


def children_under_fire(app: Errands, clock: Clock) -> int:
    """Fork while the handler may raise; how many children there were, which added a job each."""
    parent = os.getpid()
    try:
        clock.start(LONGEST)
        os.fork()
        clock.is_silent = True
    except Alarm:
        clock.is_silent = True
    if os.getpid() != parent:
        app.sync.queue().add("child")
        os._exit(0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    ended = 0
    while True:
        try:
            _, status = os.waitpid(-1, 0)
        except ChildProcessError:
            return ended
        assert status == 0
        ended += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
