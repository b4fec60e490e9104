"""One application, as a module has it, on several event loops: in threads, and one by one."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import pytest

from errands import Errands, Event, JobStatus

LOOPS = 4


@pytest.fixture
def app(url: str) -> Iterator[Errands]:
    app = Errands(url)
    with app.sync:
        yield app


def test_adds_on_loops_in_threads_all_return(app: Errands) -> None:
    async def add_some() -> int:
        async with asyncio.timeout(20):
            for _ in range(20):
                await asyncio.gather(*(app.queue().add("send") for _ in range(3)))
        return 60

    with ThreadPoolExecutor(LOOPS) as threads:
        added = [threads.submit(asyncio.run, add_some()) for _ in range(LOOPS)]
        total = sum(future.result() for future in added)

    assert app.sync.queue().counts()[JobStatus.WAITING].value == total


def test_results_reach_those_who_wait_on_loops_in_threads(app: Errands) -> None:
    @app.handler("double")
    async def double(data: int) -> int:
        return 2 * data

    async def add_and_wait(number: int) -> int:
        job = await app.queue().add("double", number)
        return int(await job.result(timeout=20))

    async def work() -> None:
        async with app.worker():
            waiting = [asyncio.to_thread(asyncio.run, add_and_wait(n)) for n in range(LOOPS)]
            assert await asyncio.gather(*waiting) == [0, 2, 4, 6]

    asyncio.run(work())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_add_that_died_with_its_loop_holds_up_no_other(app: Errands) -> None:
    abandoned = asyncio.new_event_loop()
    adding = abandoned.create_task(app.queue().add("send", job_id="abandoned"))
    abandoned.call_soon(abandoned.stop)
    abandoned.run_forever()
    abandoned.close()
    assert not adding.done()

    async def add() -> bool:
        return (await asyncio.wait_for(app.queue().add("send", job_id="later"), 5)).is_new

    assert asyncio.run(add())


def test_listeners_hear_on_the_next_loop_too(app: Errands) -> None:
    heard: SimpleQueue[str | None] = SimpleQueue()

    @app.on("added")
    def hear(event: Event) -> None:
        heard.put(event.job_id)

    async def add(job_id: str) -> str | None:
        async with app:
            await app.queue().add("send", job_id=job_id)
            return await asyncio.to_thread(heard.get, timeout=10)

    assert [asyncio.run(add(job_id)) for job_id in ("a", "b")] == ["a", "b"]
