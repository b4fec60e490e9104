"""A worker that was told to end gives its jobs back and ends, whatever hangs in its process."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from errands import Errands, SyncErrands
from tests.integration.cli.terminal import Started, Terminal
from tests.integration.cli.test_worker import PROGRAM

HANGING = """
import asyncio, atexit, multiprocessing, os, threading, time
from concurrent.futures import ProcessPoolExecutor
from errands import Errands

app = Errands("sqlite:///./errands.db", poll=0.05, grace=0.3, concurrency=20)

def say(word):
    os.write(1, f"{word}\\n".encode())

@app.handler("in the loop's pool")
async def in_pool(data):
    say("hanging")
    await asyncio.to_thread(time.sleep, 300)

@app.handler("swallowing")
async def swallow(data):
    say("hanging")
    while True:
        try:
            await asyncio.sleep(300)
        except asyncio.CancelledError:
            pass

@app.handler("in a thread of its own")
async def in_thread(data):
    threading.Thread(target=time.sleep, args=(300,)).start()
    say("hanging")
    await asyncio.sleep(300)

@app.handler("plain")
def plain(data):
    say("hanging")
    time.sleep(300)

@app.handler("at exit")
async def at_exit(data):
    atexit.register(time.sleep, 300)
    say("hanging")
    await asyncio.sleep(300)

@app.handler("generating")
async def generate(data):
    async def numbers():
        try:
            yield 1
        finally:
            await asyncio.sleep(300)

    app.kept = numbers()
    await anext(app.kept)
    say("hanging")
    await asyncio.sleep(300)

@app.handler("with a child")
async def with_child(data):
    child = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(300,))
    child.start()
    say(f"child {child.pid}")
    await asyncio.sleep(300)

@app.handler("with a daemon")
async def with_daemon(data):
    child = multiprocessing.get_context("fork").Process(
        target=time.sleep, args=(300,), daemon=True
    )
    child.start()
    say(f"child {child.pid}")
    time.sleep(300)

@app.handler("with a pool")
async def with_pool(data):
    app.pool = ProcessPoolExecutor(1)
    running = asyncio.get_running_loop().run_in_executor(app.pool, say_pid)
    await running

def say_pid():
    say(f"child {os.getpid()}")
    time.sleep(300)

@app.on("active")
def listen(event):
    time.sleep(300)

if __name__ == "__main__":
    app.run()
"""
SIGNALS = (signal.SIGTERM, signal.SIGINT)
"""Two of one kind that come at once are one."""
KINDS = (
    "in the loop's pool",
    "swallowing",
    "in a thread of its own",
    "plain",
    "at exit",
    "generating",
)
CHILDREN = ("with a child", "with a daemon", "with a pool")


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def see_all_hang(worker: Started, app: SyncErrands, names: tuple[str, ...]) -> None:
    app.queue().add_many([(name, None) for name in names])
    for _ in names:
        worker.prints("hanging")


def assert_all_given_back(app: SyncErrands, names: tuple[str, ...]) -> None:
    found = [(str(j.status), j.attempts_made, j.starts, j.crashes) for j in app.jobs().jobs]
    assert found == [("waiting", 0, 0, 0)] * len(names)


@pytest.mark.parametrize("signals", [1, 2])
def test_a_worker_ends_whatever_hangs_in_it(terminal: Terminal, signals: int) -> None:
    (terminal.folder / "shop.py").write_text(HANGING)
    more = ("--grace", "0.3") if signals == 1 else ("--grace", "60")
    with (
        Errands(terminal.url).sync as app,
        terminal.started("worker", "shop:app", *more) as worker,
    ):
        see_all_hang(worker, app, KINDS)
        began = time.monotonic()
        for number in SIGNALS[:signals]:
            worker.send(number)

        assert worker.ends() == 0
        assert time.monotonic() - began < 30
        assert_all_given_back(app, KINDS)


def test_a_program_that_is_a_worker_ends_whatever_hangs_in_it(terminal: Terminal) -> None:
    (terminal.folder / "shop.py").write_text(HANGING)
    with Errands(terminal.url).sync as app, terminal.runs("shop.py") as worker:
        see_all_hang(worker, app, KINDS)
        worker.send(signal.SIGTERM)

        assert worker.ends() == 0
        assert_all_given_back(app, KINDS)


def test_a_program_that_is_a_worker_ends_where_a_thread_is_left(terminal: Terminal) -> None:
    (terminal.folder / "shop.py").write_text(HANGING)
    names = ("in a thread of its own",)
    with Errands(terminal.url).sync as app, terminal.runs("shop.py") as worker:
        see_all_hang(worker, app, names)
        worker.send(signal.SIGTERM)

        assert worker.ends() == 1  # whatever the program came to
        assert_all_given_back(app, names)


@pytest.mark.parametrize("name", CHILDREN)
@pytest.mark.parametrize("is_command", [True, False])
def test_what_a_handler_has_started_ends_with_its_worker(
    terminal: Terminal, name: str, is_command: bool
) -> None:
    (terminal.folder / "shop.py").write_text(HANGING)
    command = terminal.started("worker", "shop:app") if is_command else terminal.runs("shop.py")
    with Errands(terminal.url).sync as app, command as worker:
        app.queue().add(name)
        child = int(worker.prints("child").split()[1])
        try:
            worker.send(signal.SIGTERM)

            assert worker.ends() == (1 if name == "with a daemon" else 0)
            worker.out.read()  # Ends when nobody is left who could write to it.
            assert_all_given_back(app, (name,))
        finally:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


@pytest.mark.long
def test_what_a_worker_has_started_is_killed_with_it(terminal: Terminal) -> None:
    (terminal.folder / "shop.py").write_text(HANGING)
    arguments = ("worker", "shop:app", "--processes", "2", "--grace", "0.1")
    with Errands(terminal.url).sync as app, terminal.started(*arguments) as supervisor:
        app.queue().add("with a child")
        child = int(supervisor.prints("child").split()[1])
        try:
            os.kill(parent_of(child), signal.SIGSTOP)
            supervisor.send(signal.SIGTERM)

            assert supervisor.ends() == 1
            supervisor.out.read()
        finally:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


def parent_of(pid: int) -> int:
    """See proc_pid_stat(5)."""
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[1])


@pytest.mark.long
@pytest.mark.parametrize("signals", [1, 2])
def test_a_supervisor_ends_although_a_child_is_stopped(terminal: Terminal, signals: int) -> None:
    (terminal.folder / "shop.py").write_text(PROGRAM)
    grace = "0.1" if signals == 1 else "60"
    arguments = ("worker", "shop:app", "--processes", "2", "--grace", grace)
    with Errands(terminal.url).sync as app, terminal.started(*arguments) as supervisor:
        app.queue().add("nap", 0.1)
        stopped = int(supervisor.prints("napping").split()[1])
        os.kill(stopped, signal.SIGSTOP)
        for number in SIGNALS[:signals]:
            supervisor.send(number)

        supervisor.says(f"worker {stopped} did not end and is killed")
        assert supervisor.ends() == 1
