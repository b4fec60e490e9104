"""What the processes of the fault tests do, over the public API alone.

Run as `python -m tests.faults.programs NAME URL [ARGUMENT...]`.
"""

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import time_machine

from errands import Errands, JobContext, StoreError
from tests.faults.mixed_programs import CHURN, DRAINED, add_and_fork, administer, fail_once
from tests.faults.site import engine_of
from tests.integration.programs import block, finish, heard, hold, hold_sync, note, say


def an_app(url: str) -> Errands:
    """An application whose handlers say what happens to them."""
    app = Errands(url)
    for handler in (note, hold, hold_sync, block, finish, job, await_once, mark_and_die, poison):
        app.handler(handler.__name__)(handler)
    return app


async def job(data: object, context: JobContext) -> int:
    """Take a moment."""
    await asyncio.sleep(random.uniform(0, 0.02))
    return context.starts


async def await_once(data: str, context: JobContext) -> int:
    """Take, the first time, until a file is there."""
    say(f"started {context.id}")
    if context.starts == 1:
        await asyncio.to_thread(_await_file, Path(data))
    return context.starts


def _await_file(path: Path) -> None:
    while not path.exists():
        time.sleep(0.02)


async def mark_and_die(data: str, context: JobContext) -> int:
    """Leave a line outside of the database, and die of it the first time."""
    mark = f"{context.idempotency_key}\n"
    await asyncio.to_thread(lambda: _append(Path(data), mark))
    die_if(context.starts == 1)
    return context.starts


async def poison(data: float, context: JobContext) -> None:
    """Kill whoever runs it, after a while."""
    await asyncio.sleep(data)
    os.kill(os.getpid(), signal.SIGKILL)


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def work(
    url: str, lease: str = "1", concurrency: str = "10", poll: str = "0.2", renewal: str = ""
) -> None:
    """A worker with short leases, until its input ends; renewed at a quarter of their length."""
    every = float(renewal or 0.0) or None
    asyncio.run(_serve(an_app(url), float(lease), int(concurrency), float(poll), every))


def work_on_all(url: str, lease: str = "1") -> None:
    """A worker that also serves the queues on which bulk verbs are at work."""
    app = an_app(url)
    for queue in (CHURN, DRAINED):
        app.handler("fail_once", queue=queue)(fail_once)
    asyncio.run(_serve(app, float(lease)))


async def _serve(
    app: Errands,
    lease: float = 1.0,
    concurrency: int = 10,
    poll: float = 0.2,
    renewal: float | None = None,
) -> None:
    renewal = renewal or lease / 4
    worker = app.worker(
        lease=lease, renewal=renewal, poll=poll, idle_poll=poll, concurrency=concurrency
    )
    async with app, worker:
        say("ready")
        await heard()


def run(url: str, lease: str = "1", grace: str = "30") -> None:
    """The worker program as people write it: it ends by a signal."""
    seconds = float(lease)
    an_app(url).run(concurrency=1, lease=seconds, renewal=seconds / 4, grace=float(grace))


def skewed(url: str, seconds: str, lease: str = "1", starts: str = "now") -> None:
    """A worker on a host whose clock is wrong: from the start, or from the first line on.

    The clock is moved in this process alone, below everything that asks Python for the time;
    monotonic clocks go on as they do when a real clock is set.
    """
    if starts == "now":
        moved_by(float(seconds)).start()

    async def main() -> None:
        served = asyncio.ensure_future(_serve_until(app, float(lease), ended))
        if starts == "later":
            await heard()
            moved_by(float(seconds)).start()
            say("moved")
        await heard()
        ended.set()
        await served

    app, ended = an_app(url), asyncio.Event()
    asyncio.run(main())


def moved_by(seconds: float) -> time_machine.travel:
    """The clock of this process, moved and going on."""
    return time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds), tick=True)


async def _serve_until(app: Errands, lease: float, ended: asyncio.Event) -> None:
    async with app, app.worker(lease=lease, renewal=lease / 4, poll=0.2, idle_poll=0.2):
        say("ready")
        await ended.wait()


def add(url: str, name: str, pause: str = "0.01") -> None:
    """Add without end, and acknowledge what is surely committed; go on when the store fails."""

    async def main() -> None:
        async with Errands(url) as app:
            queue = app.queue(max_crashes=1_000)
            say("ready")
            for number in range(1_000_000):
                ids = [f"{name}-{number}-{member}" for member in range(1 + number % 6)]
                await asyncio.gather(*(surely(queue, each) for each in ids))
                say(" ".join(ids))
                await asyncio.sleep(float(pause))

    asyncio.run(main())


def add_told(url: str) -> None:
    """Add a job under each id that comes by its input, and say it once it is committed."""
    with Errands(url).sync as app:
        queue = app.queue()
        say("ready")
        for line in sys.stdin:
            say(queue.add("note", job_id=line.strip()).id)


async def surely(queue: Any, job_id: str) -> None:
    """Add one job under its own id, as often as it takes."""
    while True:
        try:
            await queue.add("job", job_id=job_id)
        except StoreError:
            await asyncio.sleep(0.05)
        else:
            return


def add_many(url: str, name: str, members: str) -> None:
    """Add batch after batch, each whole or not at all."""
    with Errands(url).sync as app:
        queue = app.queue()
        say("ready")
        for number in range(1_000_000):
            batch = f"{name}-{number}"
            queue.add_many(
                ("job", None, {"job_id": f"{batch}-{member}"}) for member in range(int(members))
            )
            say(batch)


def migrate(url: str) -> None:
    """Say when all is loaded, wait for a line where one comes, then make the schema."""
    with Errands("sqlite:///:memory:").sync:
        say("ready")
    sys.stdin.readline()
    with Errands(url).sync:
        say("migrated")


def effects(url: str) -> None:
    """Jobs that write their effect and their end in one transaction, and die on the way."""
    app, engine = Errands(url), engine_of(url)
    effect = sa.text("INSERT INTO effects (job) VALUES (:job)")

    @app.handler("effect")
    async def write(data: str, context: JobContext) -> None:
        dies_at = data if context.starts == 1 else ""
        with engine.connect() as connection:
            connection.execute(effect, {"job": context.id})
            die_if(dies_at == "before")
            await context.complete_in(connection)
            die_if(dies_at == "between")
            connection.commit()
            die_if(dies_at == "after")

    asyncio.run(_serve(app))


def die_if(is_time: bool) -> None:
    """The hardest end there is."""
    if is_time:
        os.kill(os.getpid(), signal.SIGKILL)


def fork(url: str, count: str) -> None:
    """Fork with an open application; parent and child go on, and the child ends as usual."""
    app = Errands(url).sync.initialize()
    queue = app.queue()
    queue.add("before")
    child = os.fork()
    who = "parent" if child else "child"
    for number in range(int(count)):
        queue.add(who, job_id=f"{who}-{number}")
    assert queue.get(f"{who}-0").name == who
    if not child:
        app.shutdown()
        sys.exit(0)
    _, status = os.waitpid(child, 0)
    queue.add("afterwards")
    app.shutdown()
    say(status)


def look_into(url: str, path: str) -> None:
    """Say how often Python code opened a database file while everything was done to it."""
    opened: list[object] = []

    def note_open(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and str(arguments[0]).startswith(path):
            opened.append(arguments[0])

    sys.addaudithook(note_open)
    asyncio.run(_do_everything(url))
    say(len(opened))


async def _do_everything(url: str) -> None:
    app = an_app(url)
    async with app, app.worker(poll=0.1):
        added = await app.queue().add("job", "data")
        await added.result(timeout=20)
        await app.queue().pause()
        await app.queue().clean(0)


PROGRAMS: dict[str, Callable[..., None]] = {
    program.__name__: program
    for program in (
        work, work_on_all, run, skewed, add, add_told, add_many, add_and_fork, administer, migrate,
        effects, fork, look_into,
    )
}  # fmt: skip

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](*sys.argv[2:])
