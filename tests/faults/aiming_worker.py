"""A program whose event loop is hit by a signal, at one place after the other of a worker's life.

Run as `python -m tests.faults.aiming_worker URL WAY DOES CODE STEP`, as `aiming` is; the worker is
an async `block`, or told to `run`. The signal's handler raises an error of the user's, or
interrupts the program as Ctrl+C does. In a loop that goes on everything goes on; and the worker
leaves no thread, nor a job that nobody can run.
"""

import asyncio
import faulthandler
import sys
import threading
import time
from datetime import timedelta
from typing import Final

from errands import Errands, JobContext, JobStatus, Worker
from tests.faults.aim import Aim, call_on_signal
from tests.faults.alarm import Alarm, is_alarm
from tests.integration.programs import say

SECONDS: Final = 15
"""In which all must have gone well, with a signal or after it."""
LEASE: Final = timedelta(seconds=1)
OWN: Final = ("errands-leases", "errands-signals", "errands-log")
"""Threads of a worker."""


class Program:
    """An application whose jobs write into their logs and tell their progress."""

    def __init__(self, url: str, way: str) -> None:
        self.app = Errands(url)
        self.app.handler("chatty")(chatty)
        self.is_block = way == "block"
        self.does = "nothing"

    def act(self) -> None:
        """What the signal's handler does."""
        raise KeyboardInterrupt if self.does == "interrupt" else Alarm

    def live(self) -> None:
        """A worker's life, from its beginning to its end, with some work in it."""
        asyncio.run(asyncio.wait_for(self._live(), SECONDS))

    async def _live(self) -> None:
        worker = self._worker()
        if self.is_block:
            async with worker:
                working = asyncio.ensure_future(self._work())
                while worker.is_running and not working.done():
                    await asyncio.wait([working], timeout=0.1)
                working.cancel()
        else:
            await asyncio.gather(worker.run(), self._work_and_close(worker))

    def _worker(self) -> Worker:
        return self.app.worker(concurrency=2, lease=LEASE, renewal=LEASE / 4, poll=0.1)

    async def _work(self) -> None:
        queue = self.app.queue(backoff=0, max_attempts=5, max_crashes=5)
        for job in await queue.add_many([("chatty", number) for number in range(3)]):
            await job.result()

    async def _work_and_close(self, worker: Worker) -> None:
        await self._work()
        await worker.close()

    def check(self) -> None:
        """Nothing of a worker is left, and every job is run."""
        until = time.monotonic() + SECONDS
        while left := [t for t in threading.enumerate() if t.name in OWN and t.is_alive()]:
            assert time.monotonic() < until, f"threads are left: {left}"
            time.sleep(0.005)
        asyncio.run(asyncio.wait_for(self._go_on(), SECONDS))

    async def _go_on(self) -> None:
        async with self._worker():
            await self._work()
            while (await self.app.queue().counts())[JobStatus.ACTIVE].value:
                await self._work()


async def chatty(number: int, context: JobContext) -> int:
    """The handler of all jobs."""
    await context.log("begun")
    await context.update_progress(number)
    await asyncio.gather(context.log("a"), context.log("b"))
    return number


def main(url: str, way: str, does: str, code: str, step: str) -> None:
    program, aim = Program(url, way), Aim(code)
    program.does = does
    call_on_signal(program.act)
    with program.app.sync:
        program.live()
        count = aim.places(program.live)
        for place in range(1, count + 1, int(step)):
            faulthandler.dump_traceback_later(3 * SECONDS, exit=True)
            sys.stderr.write(f"\r{place}")
            try_at(program, aim, place)
            faulthandler.cancel_dump_traceback_later()
    say(f"{count} places")


def try_at(program: Program, aim: Aim, place: int) -> None:
    """Have a signal heard at one place, and see that all is well afterwards."""
    try:
        try:
            aim.shoot(program.live, place)
        except BaseException as error:
            if not is_alarm(error) and not is_interrupt(error):
                raise
        program.check()
    except BaseException:
        sys.stderr.write(f"\n{program.does}, after a signal at {aim.place}\n")
        raise


def is_interrupt(error: BaseException | None) -> bool:
    """Whether it is Ctrl+C, or what the standard library made of it on its way."""
    return isinstance(error, KeyboardInterrupt) or (
        error is not None and is_interrupt(error.__context__)
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
