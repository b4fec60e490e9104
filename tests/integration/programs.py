"""What the other processes of the tests do, over the public API alone.

Run as `python -m tests.integration.programs NAME FILE [ARGUMENT...]`.
"""

import asyncio
import os
import resource
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from errands import Errands, JobContext, StoreError, SyncJobContext

PRIORITIES = (10, 0, -10)


def say(line: object) -> None:
    """One whole line, even with several threads and processes on one pipe."""
    os.write(1, f"{line}\n".encode())


async def heard() -> None:
    """Wait for a line of the input, or for its end."""
    await asyncio.to_thread(sys.stdin.readline)


async def note(data: object, context: JobContext) -> object:
    say(f"ran {context.id}")
    return data


async def hold(data: object, context: JobContext) -> None:
    say(f"started {context.id}")
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        say(f"cancelled {context.id}")
        raise


def hold_sync(data: object, context: SyncJobContext) -> None:
    say(f"started {context.id}")
    if context.wait(60):
        say(f"cancelled {context.id}")
    context.check_cancelled()


async def block(data: float, context: JobContext) -> None:
    say(f"started {context.id}")
    time.sleep(data)  # noqa: ASYNC251 - the fault that is wanted


async def finish(data: float, context: JobContext) -> str:
    say(f"started {context.id}")
    await asyncio.sleep(data)
    return "finished"


def an_app(path: str) -> Errands:
    """An application whose handlers say what happens to them."""
    app = Errands(f"sqlite:///{path}")
    for handler in (note, hold, hold_sync, block, finish):
        app.handler(handler.__name__)(handler)
    app.handler("note", queue="other")(note)
    return app


def work(path: str, poll: str = "1", lease: str = "30", concurrency: str = "10") -> None:
    """A worker that says "ready", and works until its input ends."""

    async def main() -> None:
        async with an_app(path) as app:
            await serve(app)

    async def serve(app: Errands) -> None:
        seconds = float(lease)
        worker = app.worker(
            poll=float(poll),
            idle_poll=float(poll),
            lease=seconds,
            renewal=seconds / 4,
            concurrency=int(concurrency),
        )
        async with worker:
            say("ready")
            await heard()

    asyncio.run(main())


def run(path: str) -> None:
    """The worker program as people write it."""
    an_app(path).run(concurrency=1)


def add_and_work(path: str, producer: str, count: str) -> None:
    """Add jobs while working, until every job of all producers is done."""
    app = Errands(f"sqlite:///{path}")
    runs: list[str] = []

    @app.handler("count")
    async def note_run(data: object, context: JobContext) -> None:
        runs.append(context.id)

    async def main() -> None:
        async with app, app.worker(poll=0.2):
            queue = app.queue()
            for number in range(int(count)):
                await queue.add("count", job_id=f"{producer}-{number}")
            say("added")
            await heard()
        say(" ".join(runs))

    asyncio.run(main())


def produce(path: str, producer: str, count: str) -> None:
    """Add jobs of several priorities, one after another, from a program without a loop."""
    with Errands(f"sqlite:///{path}").sync as app:
        queue = app.queue()
        say("ready")
        sys.stdin.readline()
        for number in range(int(count)):
            priority = PRIORITIES[number % len(PRIORITIES)]
            queue.add("note", job_id=f"{producer} {number}", priority=priority)


def initialize(path: str) -> None:
    """Open and close each file that is named on the input."""
    for line in sys.stdin:
        try:
            with Errands(f"sqlite:///{path}{line.strip()}").sync as app:
                app.queue().add("x")
        except Exception as error:  # noqa: BLE001 - told to the test
            say(repr(error))
        else:
            say("done")


def fork(path: str, count: str) -> None:
    """Fork with an open application; parent and child both go on with it."""
    with Errands(f"sqlite:///{path}").sync as app:
        queue = app.queue()
        queue.add("before")
        child = os.fork()
        who = "parent" if child else "child"
        for number in range(int(count)):
            queue.add(who, job_id=f"{who}-{number}")
        assert queue.get(f"{who}-0").name == who
        if not child:
            os._exit(0)
        _, status = os.waitpid(child, 0)
        say(status)


def starve(path: str) -> None:
    """Begin to work without a descriptor left, and go on with all of them after a line."""

    async def main() -> None:
        app = an_app(path)
        async with app:
            await app.queue().counts()
            await asyncio.to_thread(int)  # What this needs is imported while there are some.
            held = all_descriptors()
            async with app.worker(poll=60, idle_poll=60):
                say("ready")
                await heard()
                for descriptor in held:
                    os.close(descriptor)
                say("fed")
                await heard()

    asyncio.run(main())


def starve_until_told(path: str) -> None:
    """Work without a descriptor left, from its begin until a signal comes."""

    async def main() -> None:
        app = an_app(path)
        async with app:
            await app.queue().counts()
            held = all_descriptors()
            running = asyncio.ensure_future(app.worker(poll=0.1, idle_poll=0.1).run())
            await asyncio.sleep(0)
            say("ready")
            await running
            for descriptor in held:
                os.close(descriptor)
        say("ended")

    asyncio.run(main())


def all_descriptors() -> list[int]:
    """Every descriptor that the system still gives."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    held: list[int] = []
    with suppress(OSError):
        while True:
            held.append(os.open(os.devnull, os.O_RDONLY))
    return held


def hold_lock(path: str) -> None:
    """Hold the write lock, as a foreign program would, until told to let go."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    say("held")
    sys.stdin.readline()
    connection.execute("ROLLBACK")
    connection.close()


def fill(path: str, most_bytes: str, at_once: str) -> None:
    """Add until files may grow no more; tell each add, and the kind of the error."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(most_bytes), int(most_bytes)))
    with Errands(f"sqlite:///{path}").sync as app:
        try:
            while True:
                app.queue().add_many([("x", "data" * 100)] * int(at_once))
                say("added")
        except StoreError as error:
            say(type(error).__name__)


def check_integrity(path: str) -> None:
    """Say what SQLite itself thinks of the file."""
    connection = sqlite3.connect(path)
    say(connection.execute("PRAGMA integrity_check").fetchone()[0])
    connection.close()


PROGRAMS: dict[str, Callable[..., None]] = {
    program.__name__: program
    for program in (
        work, run, add_and_work, produce, initialize, fork, starve, starve_until_told, hold_lock,
        fill, check_integrity,
    )
}  # fmt: skip

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](*sys.argv[2:])
