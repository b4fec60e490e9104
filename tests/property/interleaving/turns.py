"""Threads that go on one at a time, from gate to gate, in an order that is chosen for them."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import attrs

BLOCKED_AFTER: Final = 0.04
"""Seconds in which who was let go reaches the next gate; else it waits for somebody's lock."""
SETTLING: Final = 0.002
"""Seconds for who has waited for a lock, to come to its next gate once it may have got it."""
STUCK_AFTER: Final = 60.0
"""Seconds after which a schedule in which nobody goes on is a failure of the test itself."""

Burst = tuple[int, int]
"""Who goes on, and through how many gates."""

_here = threading.local()


@attrs.define(eq=False)
class Side:
    """One thread and where it stands."""

    program: Callable[[], None]
    changed: threading.Condition
    is_stopped: bool = False
    is_done: bool = False
    error: BaseException | None = None

    def run(self) -> None:
        _here.side = self
        try:
            self.stop()
            self.program()
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits for it
            self.error = error
        with self.changed:
            self.is_done = True
            self.changed.notify_all()

    def stop(self) -> None:
        with self.changed:
            self.is_stopped = True
            self.changed.notify_all()
            while self.is_stopped:
                self.changed.wait()

    def go_on(self) -> None:
        """To the next gate, or until it is clear that somebody else has to go on first."""
        self.is_stopped = False
        self.changed.notify_all()
        self.changed.wait_for(lambda: self.is_stopped or self.is_done, BLOCKED_AFTER)


def gate() -> None:
    """Where a side stops until it is its turn; threads that are no side pass."""
    side: Side | None = getattr(_here, "side", None)
    if side is not None:
        side.stop()


def take_turns(programs: Sequence[Callable[[], None]], order: Sequence[Burst]) -> None:
    """Run the programs to their ends, in this order first and one after the other then.

    One that waits for a lock is passed over until it has it. Raises what a program raises.
    """
    changed = threading.Condition()
    sides = [Side(program, changed) for program in programs]
    threads = [threading.Thread(target=side.run, daemon=True) for side in sides]
    for thread in threads:
        thread.start()
    with changed:
        _schedule(sides, iter(order))
    for thread in threads:
        thread.join(STUCK_AFTER)
    for side in sides:
        if side.error is not None:
            raise side.error


def _schedule(sides: Sequence[Side], order: Iterator[Burst]) -> None:
    changed = sides[0].changed
    changed.wait_for(lambda: all(side.is_stopped for side in sides), STUCK_AFTER)
    moved = time.monotonic()
    while not all(side.is_done for side in sides):
        first, gates = next(order, (0, 1))
        for _ in range(gates):
            side = _next(sides, first)
            if side is None:
                assert time.monotonic() - moved < STUCK_AFTER, "nobody goes on"
                changed.wait(BLOCKED_AFTER)
                continue
            side.go_on()
            moved = time.monotonic()
            if any(not other.is_stopped and not other.is_done for other in sides):
                changed.wait(SETTLING)
            if side.is_done:
                break


def _next(sides: Sequence[Side], first: int) -> Side | None:
    """The first, from this one on, that stands at a gate."""
    places = range(first, first + len(sides))
    return next((s for place in places if (s := sides[place % len(sides)]).is_stopped), None)
