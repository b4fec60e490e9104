"""SIGTERM and SIGINT: heard by a worker, not by a child, and given back afterwards."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from errands import Errands
from tests.integration.life.conftest import Shop

CHILDREN = """
import multiprocessing, os, time
from errands import Errands

app = Errands(os.environ["SHOP_URL"], poll=0.05)

@app.handler("fork")
def fork(data):
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(120,))
    child.start()
    child.terminate()
    child.join(20)
    code = child.exitcode
    child.kill()
    return code

@app.handler("pid")
def pid(data):
    return os.getpid()
"""

BLOCKED = """
import asyncio, os, time
from errands import Errands

app = Errands(os.environ["SHOP_URL"], poll=0.05)

@app.on("progress")
async def hear(event): ...

@app.on("log")
async def hear(event): ...

@app.handler("block")
async def block(seconds):
    os.write(1, b"blocked\\n")
    time.sleep(seconds)
"""


def own(number: int, frame: object) -> None:
    """A handler of the program's own."""


@pytest.fixture
def before() -> Any:
    """Leave the signals as they were."""
    found = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT)]
    yield
    for number, handler in found:
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("handler", [own, signal.SIG_IGN, signal.SIG_DFL])
async def test_a_worker_gives_the_signals_back_as_it_found_them(
    before: None, number: signal.Signals, handler: Any
) -> None:
    signal.signal(number, handler)
    async with Errands("memory://") as app:
        worker = app.worker("default")
        running = asyncio.ensure_future(worker.run())
        await asyncio.sleep(0)
        assert signal.getsignal(number) is not handler
        await worker.close()
        await running

    assert signal.getsignal(number) is handler


async def test_the_last_of_several_workers_gives_them_back(before: None) -> None:
    signal.signal(signal.SIGTERM, own)
    async with Errands("memory://") as app:
        workers = [app.worker("default") for _ in range(3)]
        running = [asyncio.ensure_future(worker.run()) for worker in workers]
        await asyncio.sleep(0)
        for worker, end in zip(workers, running, strict=True):
            assert signal.getsignal(signal.SIGTERM) is not own
            await worker.close()
            await end

    assert signal.getsignal(signal.SIGTERM) is own


async def test_a_handler_of_the_event_loop_hears_again(before: None) -> None:
    heard = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, heard.set)
    async with Errands("memory://") as app:
        worker = app.worker("default")
        running = asyncio.ensure_future(worker.run())
        await asyncio.sleep(0)
        await worker.close()
        await running

    os.kill(os.getpid(), signal.SIGTERM)

    await asyncio.wait_for(heard.wait(), 10)
    loop.remove_signal_handler(signal.SIGTERM)


def test_a_program_has_its_handlers_again_after_it_was_a_worker(
    before: None, tmp_path: Path
) -> None:
    signal.signal(signal.SIGTERM, own)
    signal.signal(signal.SIGINT, own)
    app = Errands(f"sqlite:///{tmp_path}/errands.db")

    @app.handler("end")
    def end(data: Any) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    with app.sync:
        app.sync.queue().add("end")
    app.run()

    assert signal.getsignal(signal.SIGTERM) is own
    assert signal.getsignal(signal.SIGINT) is own


async def test_a_signal_that_comes_while_the_loop_falls_asleep_wakes_it(before: None) -> None:
    async with Errands("memory://") as app:
        worker = app.worker("default", poll=60, idle_poll=60, scheduler=False)
        running = asyncio.ensure_future(worker.run())
        await asyncio.sleep(0.05)

        threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGTERM]).start()

        await asyncio.wait_for(running, 10)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_ends_by_a_signal_and_the_worker_does_not(shop: Shop, url: str) -> None:
    terminal = shop(CHILDREN)
    with Errands(url).sync as app:
        forking = [app.queue().add("fork") for _ in range(2)]
        with terminal.started("worker", "shop:app", SHOP_URL=url) as worker:
            codes = [job.result(timeout=50) for job in forking]
            after = app.queue().add("pid").result(timeout=50)

            assert codes == [-signal.SIGTERM] * 2
            assert after == worker.process.pid
            assert worker.process.poll() is None
            worker.send(signal.SIGTERM)
            assert worker.ends() == 0


@contextmanager
def busy(call: Callable[[], object]) -> Generator[None]:
    """Call something again and again, from a thread, as long as the block runs."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.002):
            call()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_signal_is_heard_that_came_while_the_loop_was_blocked_beside_a_busy_neighbour(
    shop: Shop, url: str
) -> None:
    terminal = shop(BLOCKED)
    with Errands(url).sync as app:
        elsewhere = app.queue("elsewhere")
        app.queue().add("block", 4)
        with terminal.started("worker", "shop:app", SHOP_URL=url) as worker:
            worker.prints("blocked")
            with busy(lambda: elsewhere.add("nothing")):
                threading.Event().wait(3.2)
                worker.send(signal.SIGTERM)

                assert worker.process.wait(25) == 0


CLOSES_SLOWLY = """
import os, time
from errands import Errands
from errands.testing import FaultyStore

class Slow(FaultyStore):
    def close_sync(self):
        print("closing", flush=True)
        time.sleep(1)
        super().close_sync()

app = Errands(store=Slow(Errands(os.environ["SHOP_URL"]).container.store()))

@app.handler("x")
async def end(data):
    print("runs", flush=True)

app.sync.initialize()
app.sync.queue().add("x")
app.sync.shutdown()
app.run()
print("ended", flush=True)
"""


def test_a_signal_while_the_database_is_closed_does_not_kill_the_program(
    shop: Shop, url: str
) -> None:
    with shop(CLOSES_SLOWLY).runs("shop.py", SHOP_URL=url) as program:
        program.prints("runs")
        program.send(signal.SIGTERM)
        program.prints("closing")
        program.send(signal.SIGTERM)

        program.prints("ended")
        assert program.ends() == 0
