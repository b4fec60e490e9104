"""A handler or listener that blocks the event loop for ever keeps no worker program from ending."""

import signal
from pathlib import Path

import pytest

from errands import Errands, SyncErrands
from tests.integration.cli.terminal import Started
from tests.integration.life.conftest import Shop

BLOCKING = """
import asyncio, ctypes, logging, os, sqlite3, threading, time
from errands import Errands

app = Errands(os.environ["SHOP_URL"], poll=0.05, grace=float(os.environ["SHOP_GRACE"]))

def say(word):
    os.write(1, f"{word}\\n".encode())

@app.handler("nap")
async def nap(data):
    say("begun")
    await asyncio.sleep(300)

@app.handler("spin")
async def spin(data):
    say("begun")
    while True:
        pass

@app.handler("sleep")
async def sleep(data):
    say("begun")
    time.sleep(1e6)

@app.handler("lock")
async def lock(data):
    lock = threading.Lock()
    lock.acquire()
    say("begun")
    lock.acquire()

@app.handler("in C")
async def in_c(data):
    mutex = ctypes.create_string_buffer(64)
    take = ctypes.CDLL(None).pthread_mutex_lock
    take(mutex)
    say("begun")
    take(mutex)

@app.handler("spin in another one")
async def spin_in_another_one(data):
    await spin(data)

@app.handler("in a transaction")
async def in_a_transaction(data):
    connection = sqlite3.connect("errands.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    say("begun")
    time.sleep(1e6)

@app.handler("in its log")
async def in_its_log(data):
    say("begun")
    while True:
        logging.error("nobody reads this")

@app.handler("at its cancel")
async def at_its_cancel(data):
    say("begun")
    try:
        await asyncio.sleep(300)
    except asyncio.CancelledError:
        time.sleep(1e6)

@app.on("log")
async def listen(event):
    say("begun")
    time.sleep(1e6)

@app.handler("with a listener")
async def with_a_listener(data, context):
    await context.log("now")
    await asyncio.sleep(300)

if __name__ == "__main__":
    app.run()
"""
BLOCKERS = ["spin", "sleep", "lock", "in C", "at its cancel", "with a listener"]


def see_all_begin(worker: Started, app: SyncErrands, *names: str) -> None:
    """One after the other: the last one blocks."""
    for name in names:
        app.queue().add(name, job_id=name)
        worker.prints("begun")


def assert_all_given_back(app: SyncErrands, count: int) -> None:
    found = [(str(j.status), j.attempts_made, j.starts, j.crashes) for j in app.jobs().jobs]
    assert found == [("waiting", 0, 0, 0)] * count


@pytest.mark.parametrize("name", BLOCKERS)
def test_a_worker_gives_its_jobs_back_and_ends(shop: Shop, url: str, name: str) -> None:
    terminal = shop(BLOCKING)
    with (
        Errands(url).sync as app,
        terminal.started("worker", "shop:app", SHOP_URL=url, SHOP_GRACE="0.2") as worker,
    ):
        see_all_begin(worker, app, "nap", name)
        worker.send(signal.SIGTERM)

        worker.says(f"errands.worker: the event loop has not answered for 5 s: {told(name)}")
        assert worker.ends() == 1
        assert_all_given_back(app, 2)


def told(name: str) -> str:
    is_listener = name == "with a listener"
    return "Task-" if is_listener else f"job default/{name} ({name}) blocks it, in"


@pytest.mark.parametrize("name", ["spin", "in C", "in its log"])
def test_a_second_signal_ends_a_program_that_is_a_worker(shop: Shop, url: str, name: str) -> None:
    terminal = shop(BLOCKING)
    with (
        Errands(url).sync as app,
        terminal.runs("shop.py", SHOP_URL=url, SHOP_GRACE="600") as worker,
    ):
        see_all_begin(worker, app, "nap", name)
        worker.send(signal.SIGTERM)
        worker.send(signal.SIGINT)

        assert worker.ends() == 1
        assert_all_given_back(app, 2)


def test_a_supervisor_of_blocked_workers_exits_with_1(shop: Shop, url: str) -> None:
    terminal = shop(BLOCKING)
    with (
        Errands(url).sync as app,
        terminal.started(
            "worker", "shop:app", "--processes", "2", SHOP_URL=url, SHOP_GRACE="0.2"
        ) as supervisor,
    ):
        see_all_begin(supervisor, app, "spin", "spin in another one")
        supervisor.send(signal.SIGTERM)

        assert supervisor.ends() == 1
        assert_all_given_back(app, 2)


def test_jobs_that_cannot_be_given_back_are_left_to_their_leases(
    shop: Shop, tmp_path: Path
) -> None:
    """The blocked handler itself holds the write lock of the file."""
    url = f"sqlite:///{tmp_path}/errands.db"
    with (
        Errands(url).sync as app,
        shop(BLOCKING).started("worker", "shop:app", SHOP_URL=url, SHOP_GRACE="0.2") as worker,
    ):
        see_all_begin(worker, app, "in a transaction")
        worker.send(signal.SIGTERM)

        worker.says("stopped without giving back")
        assert worker.ends() == 1
        assert str(app.queue().get("in a transaction").status) == "active"
