"""A program that is hit by a signal at one place of a call after the other.

Run as `python -m tests.faults.aiming URL CALL DOES CODE SECONDS`: what the signal's handler
does (see `Program.act`; with a comma between several), in which code (see `Aim`), for
how many seconds places are tried. After each the program adds, and runs
what it has added, within seconds, and what was opened is closed; or it says where the signal came
and what all threads do.
"""

import asyncio
import faulthandler
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from typing import Any, Final, TypeVar

from errands import Errands, JobCancelled, Queue, StoreBusy, StoreNotOpen, SyncJobHandle
from errands.infrastructure.persistence.sql.server.loop_runner import LAST_TURN_SECONDS
from tests.faults.aim import Aim, call_on_signal, chosen
from tests.faults.alarm import Alarm, is_alarm
from tests.integration.programs import say

SECONDS: Final = 15
"""In which all must have gone well after a signal."""
BUSY_SECONDS: Final = 2

T = TypeVar("T")
Call = Callable[["Program"], object]


def echo(data: Any) -> Any:
    """The handler of all jobs."""
    return data


class Program:
    """An application with a worker in a thread, and another one that is opened and closed."""

    def __init__(self, url: str) -> None:
        self.app = Errands(url, busy_timeout=BUSY_SECONDS)
        self.other = Errands(url, busy_timeout=BUSY_SECONDS)
        self.queue = self.app.sync.queue()
        self.loop = asyncio.new_event_loop()
        self.by_handler: list[Any] = []
        self.does = "nothing"
        self.app.handler("echo")(echo)

    @contextmanager
    def worker(self) -> Generator[None]:
        """One that works in a thread as long as the block runs."""
        is_up = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self._work(is_up)), daemon=True)
        thread.start()
        assert is_up.wait(SECONDS)
        yield
        self._loop.call_soon_threadsafe(self._over.set)
        thread.join(SECONDS)
        assert not thread.is_alive(), "the worker does not end"

    async def _work(self, is_up: threading.Event) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        async with self.app, self.app.worker(concurrency=4):
            is_up.set()
            await self._over.wait()

    def act(self) -> None:
        """What a signal's handler does."""
        if self.does == "raise":
            raise Alarm
        began = time.monotonic()
        with suppress(StoreBusy):  # Within a write or an opening of its own thread.
            self.by_handler.append(self._added())
        assert time.monotonic() - began < BUSY_SECONDS / 2, "the handler waits for its own thread"

    def _added(self) -> SyncJobHandle:
        match self.does:
            case "add_beside":
                return self.other.sync.queue().add("echo", "by a handler")
            case "add_beside_on_a_loop":
                added = self.loop.run_until_complete(self.other.queue().add("echo", "by a handler"))
                return self.queue.get(added.id)
            case _:
                with self.other.sync if self.does == "open" else self.app.sync:
                    return self.queue.add("echo", "by a handler")

    def check(self) -> None:
        """Everything works, and what was acknowledged is run."""
        assert self.queue.add("echo", 1).result(timeout=SECONDS) == 1
        self.loop.run_until_complete(asyncio.wait_for(self.app.queue().add("echo"), SECONDS))
        self.queue.get("awaited").cancel()
        self.bystander.join(SECONDS)
        assert not self.bystander.is_alive(), "who waits for a result is not woken"
        self.queue.get("awaited").remove()
        while self.by_handler:
            assert self.by_handler.pop().result(timeout=SECONDS) == "by a handler"

    def stand_by(self) -> None:
        """Have another thread wait for a result."""
        job = self.queue.add("echo", job_id="awaited", delay=timedelta(hours=1))
        self.bystander = threading.Thread(target=lambda: suppressed(job.result), daemon=True)
        self.bystander.start()

    def stays_closed(self) -> None:
        """Nobody has the other application open; and it can be opened and closed."""
        assert not self.is_open, "it is open"
        with self.other.sync:
            self.other.sync.queue().add("echo", 2)
        assert not self.is_open, "it is open still"

    @property
    def is_open(self) -> bool:
        """Whether somebody has the other application open, as far as it knows."""
        try:
            self.other.sync.queues()
        except StoreNotOpen:
            return False
        return True


def suppressed(call: Callable[[], object]) -> None:
    with suppress(JobCancelled):
        call()


def add(program: Program) -> None:
    """Add a job; what returned is run."""
    program.by_handler.append(program.queue.add("echo", "by a handler"))


def add_alone(program: Program) -> None:
    """Add a job on an event loop."""
    program.loop.run_until_complete(program.app.queue().add("echo"))


def add_together(program: Program) -> None:
    """Add jobs on one event loop, one of them later than the others; each ends."""
    program.loop.run_until_complete(added_together(program.app.queue()))


async def added_together(queue: Queue) -> None:
    adding = [asyncio.ensure_future(queue.add("echo")) for _ in range(2)]
    for _ in range(3):
        await asyncio.sleep(0)
    _, hanging = await asyncio.wait([*adding, asyncio.ensure_future(queue.add("echo"))], timeout=5)
    assert not hanging, "others hang"
    await asyncio.gather(*adding)


def wait(program: Program) -> None:
    """Wait for a job on this thread."""
    assert program.queue.add("echo", 3).result() == 3


def wait_long(program: Program) -> None:
    """Wait for a job by another thread."""
    assert program.queue.add("echo", 4).result(timeout=SECONDS) == 4


def cancel(program: Program) -> None:
    """Wake all who wait for requests to cancel, and for results."""
    program.queue.add("echo", 5, delay=timedelta(hours=1)).cancel()


def initialize(program: Program) -> None:
    """Open the other application."""
    program.other.sync.initialize()


def shut_down(program: Program) -> None:
    """Close it."""
    program.other.sync.shutdown()


CALLS: Final[dict[str, Call]] = {
    "initialize": initialize,
    "shut_down": shut_down,
    "add": add,
    "add_alone": add_alone,
    "add_together": add_together,
    "wait": wait,
    "wait_long": wait_long,
    "cancel": cancel,
}


def main(url: str, name: str, does: str, code: str, seconds: str) -> None:
    program, call, aim = Program(url), CALLS[name], Aim(code)
    call_on_signal(program.act)
    with program.app.sync, program.other.sync if "beside" in does else nullcontext():
        with program.worker():
            program.stand_by()
            for _ in range(5):
                made(program, call, lambda: call(program))
            count = made(program, call, lambda: aim.places(lambda: call(program)))
            threads = running_threads()
            points = [(place, each) for place in range(1, count + 1) for each in does.split(",")]
            for place, program.does in chosen(points, float(seconds)):
                try_at(program, call, aim, place)
            left = running_threads() - threads
            assert left < 5, f"{left} threads are left: {threading.enumerate()}"
        say(f"{count} places")
        done = time.monotonic()
    assert time.monotonic() - done < LAST_TURN_SECONDS, "closing waits for one that has ended"


def try_at(program: Program, call: Call, aim: Aim, place: int) -> None:
    """Have a signal heard at one place, and see that everything works afterwards."""
    faulthandler.dump_traceback_later(2 * SECONDS, exit=True)
    sys.stderr.write(f"\r{place}")
    try:
        made(program, call, lambda: shot(program, call, aim, place))
        program.check()
        program.stand_by()
        if call in {initialize, shut_down}:
            program.stays_closed()
    except BaseException:
        sys.stderr.write(f"\n{program.does}, after a signal at {aim.place}\n")
        raise
    faulthandler.cancel_dump_traceback_later()


def made(program: Program, call: Call, make: Callable[[], T]) -> T:
    """Have a call made, where it is to be: opening what is closed, closing what is open."""
    if call is shut_down:
        program.other.sync.initialize()
    done = make()
    if call is initialize:
        program.other.sync.shutdown()
    return done


def shot(program: Program, call: Call, aim: Aim, place: int) -> None:
    """Make a call with a signal in it; again where it was a closing that was cut off.

    Of the last place the signal may be heard when the call has returned.
    """
    has_returned = list[bool]()

    def make() -> None:
        call(program)
        has_returned.append(True)

    try:
        aim.shoot(make, place)
    except Exception as error:
        if not is_alarm(error) and not isinstance(error, StoreBusy):
            raise
        if call is initialize and not has_returned:
            assert not program.is_open, "what was cut off counts"
        if call is shut_down:
            program.other.sync.shutdown()


def running_threads() -> int:
    """Without those whose own start was cut off: the standard library lists them for ever.

    And without those of handlers, of which there are as many as were busy at once.
    """
    others = (each for each in threading.enumerate() if "handler" not in each.name)
    return sum(thread.is_alive() for thread in others)


if __name__ == "__main__":
    main(*sys.argv[1:])
