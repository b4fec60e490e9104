"""However a worker ends, it says so, and its jobs are given back."""

import asyncio
import signal
import threading
from typing import Any

import pytest

from errands import Errands, JobHandle, StoreNotOpen
from tests.integration.life.conftest import Shop

CLOSING = """
import asyncio, os
from errands import Errands

app = Errands(os.environ["SHOP_URL"], poll=0.05, idle_poll=0.1)

@app.handler("close")
async def close(data):
    await app.shutdown()
    await asyncio.sleep(60)
"""

BACKGROUND = """
import asyncio, os
from errands import Errands

app = Errands(os.environ["SHOP_URL"], poll=0.05)

@app.handler("nap")
async def nap(data):
    os.write(1, b"napping\\n")
    await asyncio.sleep(60)

@app.handler("stay")
def stay(data, context):
    os.write(1, b"napping\\n")
    context.wait(60)

async def main():
    async with app, app.worker():
        await asyncio.Event().wait()

if __name__ == "__main__":
    asyncio.run(main())
"""


async def status_of(job: JobHandle) -> tuple[str, int, int, int]:
    found = await job.refresh()
    return str(found.status), found.attempts_made, found.starts, found.crashes


GIVEN_BACK = ("waiting", 0, 0, 0)


async def test_a_worker_of_an_application_that_nobody_opened_says_so_at_once(app: Errands) -> None:
    before = signal.getsignal(signal.SIGTERM)

    with pytest.raises(StoreNotOpen):
        await asyncio.wait_for(app.worker("default").run(), 10)

    assert signal.getsignal(signal.SIGTERM) is before


async def test_a_worker_whose_store_is_closed_ends_with_an_error(
    app: Errands, caplog: pytest.LogCaptureFixture
) -> None:
    cancelled = asyncio.Event()

    @app.handler("close")
    async def close(data: Any) -> None:
        try:
            await app.shutdown()
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    await app.initialize()
    await app.queue().add("close")

    with pytest.raises(StoreNotOpen):
        await asyncio.wait_for(app.worker(idle_poll=0.1).run(), 20)

    await asyncio.wait_for(cancelled.wait(), 10)
    assert "stopped without giving back 1 jobs" in caplog.text


async def test_a_paused_worker_whose_store_is_closed_ends_with_an_error(app: Errands) -> None:
    await app.initialize()
    worker = app.worker("default", poll=0.1, idle_poll=0.1)
    running = asyncio.ensure_future(worker.run(handle_signals=False))
    await asyncio.sleep(0.1)
    await worker.pause()
    await app.shutdown()

    with pytest.raises(StoreNotOpen):
        await asyncio.wait_for(running, 20)


async def test_a_scheduler_whose_store_is_closed_ends_with_an_error(app: Errands) -> None:
    async with app:
        running = asyncio.ensure_future(app.scheduler().run())
        await asyncio.sleep(0.05)

    with pytest.raises(StoreNotOpen):
        await asyncio.wait_for(running, 20)


def test_a_worker_whose_store_is_closed_exits_with_1(shop: Shop, url: str) -> None:
    with Errands(url).sync as app:
        app.queue().add("close")

    with shop(CLOSING).started("worker", "shop:app", SHOP_URL=url) as worker:
        worker.says("stopped without giving back 1 jobs")

        assert worker.ends() == 1


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
async def test_a_handler_that_raises_what_ends_programs_fails_its_job_only(
    app: Errands, kind: type[BaseException]
) -> None:
    begun = threading.Event()

    @app.handler("in a thread")
    def interrupt(data: Any) -> None:
        raise kind

    @app.handler("on the loop")
    async def interrupt_loop(data: Any) -> None:
        raise kind

    @app.handler("other")
    async def other(data: Any) -> str:
        await asyncio.to_thread(begun.wait, 20)
        return "done"

    async with app, app.worker():
        beside = await app.queue().add("other")
        jobs = [
            await app.queue().add(name, max_attempts=1) for name in ("in a thread", "on the loop")
        ]
        for job in jobs:
            with pytest.raises(Exception, match=kind.__name__):
                await job.result(timeout=20)
        begun.set()
        assert await beside.result(timeout=20) == "done"


async def test_a_main_task_that_is_cancelled_again_and_again_leaves_no_job_behind(
    app: Errands,
) -> None:
    begun = asyncio.Semaphore(0)

    @app.handler("nap")
    async def nap(data: Any) -> None:
        begun.release()
        await asyncio.sleep(60)

    async def work() -> None:
        await app.worker().run(handle_signals=False)

    async with app:
        jobs = await app.queue().add_many([("nap", n) for n in range(5)])
        main = asyncio.ensure_future(work())
        for _ in jobs:
            await asyncio.wait_for(begun.acquire(), 20)
        for _ in range(5):
            main.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(main, 20)

        assert [await status_of(job) for job in jobs] == [GIVEN_BACK] * 5


async def test_a_loop_that_cancels_all_its_tasks_leaves_no_job_behind(app: Errands) -> None:
    begun = threading.Semaphore(0)

    @app.handler("nap")
    async def nap(data: Any) -> None:
        begun.release()
        await asyncio.sleep(60)

    async def work() -> None:
        running = asyncio.ensure_future(app.worker().run(handle_signals=False))
        await asyncio.to_thread(lambda: [begun.acquire(timeout=20) for _ in range(5)])
        assert not running.done()

    async with app:
        jobs = await app.queue().add_many([("nap", n) for n in range(5)])
        await asyncio.to_thread(asyncio.run, work())

        assert [await status_of(job) for job in jobs] == [GIVEN_BACK] * 5


@pytest.mark.parametrize("name", ["nap", "stay"])
async def test_ctrl_c_twice_leaves_no_job_behind(shop: Shop, url: str, name: str) -> None:
    async with Errands(url) as app:
        jobs = await app.queue().add_many([(name, n) for n in range(5)])
        with shop(BACKGROUND).runs("shop.py", SHOP_URL=url) as program:
            for _ in jobs:
                await asyncio.to_thread(program.prints, "napping")
            program.send(signal.SIGINT)
            await asyncio.sleep(0.02)
            program.send(signal.SIGINT)
            await asyncio.to_thread(program.ends)

        assert [await status_of(job) for job in jobs] == [GIVEN_BACK] * 5
