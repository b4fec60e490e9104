"""Programs that fork with an open application, in the shapes that people give it.

Run as `python -m tests.faults.forking NAME URL [ARGUMENT...]`. Each of their processes says how
many jobs it has added, once every add has returned.
"""

import asyncio
import multiprocessing
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from errands import Errands, JobContext, StoreError, SyncJobContext
from tests.integration.programs import say

FORK = multiprocessing.get_context("fork")


def add(app: Errands, count: int) -> None:
    """Add jobs, and say how many."""
    queue = app.sync.queue()
    for _ in range(count):
        queue.add("job")
    say(f"added {count}")


def opened(url: str) -> Errands:
    """An open application that was used already."""
    app = Errands(url)
    app.sync.initialize()
    add(app, 1)
    app.sync.queue().counts()
    return app


def forked(child: Callable[[], None]) -> int:
    """The pid of a child that does this and ends as any program does."""
    pid = os.fork()
    if pid:
        return pid
    child()
    sys.stdout.flush()
    sys.exit(0)


def gone(pid: int) -> None:
    """Wait for a child, which must end well."""
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def another_program(url: str) -> None:
    """A program of its own opens the database, adds one job and closes it."""
    text = "import sys; from tests.faults.forking import brief; brief(sys.argv[1])"
    subprocess.run([sys.executable, "-c", text, url], check=True)


def brief(url: str) -> None:
    """The program that comes and goes."""
    app = Errands(url)
    with app.sync:
        add(app, 1)


def go_on(app: Errands, url: str) -> None:
    """What a child does for long: others come and go meanwhile."""
    add(app, 20)
    another_program(url)
    add(app, 20)


def daemon(url: str, leaves: str) -> None:
    """The parent leaves for good as soon as it has forked twice, in one way or another."""
    app = opened(url)
    reading, writing = os.pipe()
    if os.fork():
        if leaves == "shutdown":
            app.sync.shutdown()
        if leaves in {"exit", "shutdown"}:
            sys.exit(0)
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    os.close(writing)
    os.read(reading, 1)  # Until nobody is left who could write.
    go_on(app, url)
    app.sync.shutdown()


def preload(url: str) -> None:
    """A master opens and forks its workers; it only supervises for a while, then it adds."""
    app = opened(url)
    workers = [forked(lambda: go_on(app, url)) for _ in range(3)]
    add(app, 5)
    for worker in workers:
        gone(worker)
    add(app, 5)
    app.sync.shutdown()


def shutdown_first(url: str) -> None:
    """The parent closes while its child goes on."""
    app = opened(url)
    child = forked(lambda: go_on(app, url))
    app.sync.shutdown()
    gone(child)


def generations(url: str) -> None:
    """A child forks a child, which forks one: before, between and after they use it."""
    app = opened(url)

    def grandchild() -> None:
        add(app, 5)
        gone(forked(lambda: go_on(app, url)))
        add(app, 5)

    gone(forked(lambda: gone(forked(grandchild))))
    add(app, 5)


def while_others_write(url: str, forks: str) -> None:
    """Threads write and read without a pause while the program forks again and again."""
    app = opened(url)
    is_over = threading.Event()
    writers = [threading.Thread(target=write_until, args=(app, is_over)) for _ in range(3)]
    readers = [threading.Thread(target=read_until, args=(app, is_over)) for _ in range(2)]
    for thread in (*writers, *readers):
        thread.start()
    for _ in range(int(forks)):
        time.sleep(random.uniform(0, 0.01))
        gone(forked(lambda: add(app, 3)))
    is_over.set()
    for thread in (*writers, *readers):
        thread.join()
    app.sync.shutdown()


def write_until(app: Errands, is_over: threading.Event) -> None:
    """Add without a pause."""
    count = 0
    while not is_over.is_set():
        app.sync.queue().add("job")
        count += 1
    say(f"added {count}")


def read_until(app: Errands, is_over: threading.Event) -> None:
    """Count and read events without a pause."""
    queue = app.sync.queue()
    while not is_over.is_set():
        queue.counts()
        for _ in zip(queue.events(after=0, follow=False), range(20), strict=False):
            pass


def serving(url: str) -> Errands:
    """An application whose handlers fork, and add from there."""
    app = Errands(url)

    @app.handler("plain")
    def fork_plainly(data: Any, context: SyncJobContext) -> int | None:
        child = FORK.Process(target=add, args=(app, 2))
        child.start()
        child.join(30)
        return child.exitcode

    @app.handler("async")
    async def fork_on_the_loop(data: Any, context: JobContext) -> int | None:
        child = FORK.Process(target=add, args=(app, 2))
        child.start()
        await asyncio.to_thread(child.join, 30)
        return child.exitcode

    return app


def from_handlers(url: str, count: str) -> None:
    """A worker whose handlers fork; says what became of their children."""

    async def main() -> None:
        app = serving(url)
        async with app, app.worker(concurrency=4):
            names = ["plain", "async"] * int(count)
            jobs = await app.queue().add_many([(name, None) for name in names])
            say(f"added {len(jobs)}")
            say({await job.result(timeout=60) for job in jobs})

    asyncio.run(main())


def worker_in_child(url: str) -> None:
    """A worker runs handlers of all kinds; afterwards a child does, on the same application."""
    app = Errands(url)

    @app.handler("x")
    def reply_plainly(data: Any, context: SyncJobContext) -> str:
        return "plain"

    @app.handler("y")
    async def reply(data: Any, context: JobContext) -> str:
        return "async"

    async def work() -> None:
        async with app, app.worker():
            jobs = [await app.queue().add(name) for name in ("x", "y", "x")]
            say(f"added {len(jobs)}")
            say([await job.result(timeout=30) for job in jobs])

    async def work_and_fork() -> None:
        """The child leaves the loop that it finds itself in, and runs one of its own."""
        async with app, app.worker():
            await (await app.queue().add("x")).result(timeout=30)
            say("added 1")
            child = FORK.Process(target=lambda: asyncio.run(work()))
            child.start()
            await asyncio.to_thread(child.join)
            assert child.exitcode == 0

    asyncio.run(work())
    gone(forked(lambda: asyncio.run(work())))
    asyncio.run(work_and_fork())


def at_random(url: str, seconds: str) -> None:
    """Fork at random for so long, while threads write and read and a worker runs."""
    app, until = opened(url), time.monotonic() + float(seconds)

    @app.handler("job")
    async def take_a_moment(data: Any, context: JobContext) -> None:
        await asyncio.sleep(random.uniform(0, 0.005))

    is_over = threading.Event()
    forking = [threading.Thread(target=fork_until, args=(app, until)) for _ in range(2)]
    others = [threading.Thread(target=write_now_and_then, args=(app, is_over)) for _ in range(2)]
    others.append(threading.Thread(target=read_until, args=(app, is_over)))

    async def main() -> None:
        async with app, app.worker(lease=10, renewal=1):
            for thread in (*forking, *others):
                thread.start()
            for thread in forking:
                await asyncio.to_thread(thread.join)
            is_over.set()
            for thread in others:
                await asyncio.to_thread(thread.join)

    asyncio.run(main())


def fork_until(app: Errands, until: float) -> None:
    """Fork in all shapes, from a thread, until then."""
    while time.monotonic() < until:
        time.sleep(random.uniform(0, 0.2))
        child = FORK.Process(target=random.choice(CHILDREN), args=(app,))
        child.start()
        child.join()
        # Where the other thread starts a child, `multiprocessing` waits for this one there.
        while child.exitcode is None:
            time.sleep(0.001)
        assert child.exitcode == 0, child.exitcode


def add_some(app: Errands) -> None:
    """A child that adds, or does nothing."""
    add(app, random.randrange(5))


def fork_and_add(app: Errands) -> None:
    """A child that forks another one before it adds itself, and waits for it."""
    child = FORK.Process(target=add_some, args=(app,))
    child.start()
    add(app, 3)
    child.join()
    assert child.exitcode == 0


def leave_an_orphan(app: Errands) -> None:
    """A child that goes while its own child goes on."""
    if not os.fork():
        add(app, 20)


CHILDREN = (add_some, fork_and_add, leave_an_orphan)


def write_now_and_then(app: Errands, is_over: threading.Event) -> None:
    """Add with short pauses, no more than a worker can do."""
    count = 0
    while not is_over.wait(0.005):
        app.sync.queue().add("job")
        count += 1
    say(f"added {count}")


def refused(url: str) -> None:
    """Say what a child is told that uses an application of its parent."""
    app = opened(url)
    gone(forked(lambda: say(told(app))))
    add(app, 1)


def beside(url: str, closes: str) -> None:
    """Fork with a connection to the file that is not Errands'; it is closed before, or not."""
    app = opened(url)
    other = sqlite3.connect(url.removeprefix("sqlite:///"))
    other.execute("SELECT count(*) FROM errands_job").fetchall()
    if closes == "closed":
        other.close()
    gone(forked(lambda: say(told(app))))
    add(app, 1)


def closed_in_the_child(url: str) -> None:
    """A child closes what it has inherited; what it opens gets the same descriptors."""
    other = sqlite3.connect(url.removeprefix("sqlite:///"))
    app = opened(url)
    other.execute("SELECT count(*) FROM errands_job").fetchall()

    def close_and_add() -> None:
        say(told(app))
        other.close()
        say(told(app))
        second = Errands(url)
        say(told(second))
        gone(forked(lambda: add(second, 1)))
        say(told(Errands(url)))

    gone(forked(close_and_add))
    add(app, 1)


def beside_a_long_read(url: str) -> None:
    """Fork while another thread reads for longer than a fork waits."""
    app = opened(url)
    has_begun, may_end = threading.Event(), threading.Event()

    def read_on(uow: Any) -> int:
        has_begun.set()
        may_end.wait(60)
        return int(uow.events.last_id())

    reader = threading.Thread(target=app.container.store().read_sync, args=(read_on,))
    reader.start()
    has_begun.wait()
    child = forked(lambda: say(told(app)))
    add(app, 1)
    gone(child)
    may_end.set()
    reader.join()
    gone(forked(lambda: add(app, 1)))


def told(app: Errands) -> str:
    """The kind of the error that an add raises."""
    try:
        app.sync.initialize()
        app.sync.queue().add("job")
    except StoreError as error:
        return type(error).__name__
    return "nothing"


PROGRAMS: dict[str, Callable[..., None]] = {
    program.__name__: program
    for program in (
        daemon, preload, shutdown_first, generations, while_others_write, from_handlers,
        worker_in_child, at_random, refused, beside, beside_a_long_read, closed_in_the_child,
    )
}  # fmt: skip

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](*sys.argv[2:])
