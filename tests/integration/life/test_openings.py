"""An application is opened as often as it is, and closed by the last one out."""

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from logging.handlers import QueueHandler
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from errands import Errands, Event, JobStatus, StoreNotOpen, StoreUnavailable
from tests.integration.life.conftest import LASTING


def is_open(app: Errands) -> bool:
    try:
        app.sync.queues()
    except StoreNotOpen:
        return False
    return True


def waiting(app: Errands) -> int:
    return app.sync.queue().counts()[JobStatus.WAITING].value


async def test_a_handler_may_open_the_application_that_runs_it(app: Errands) -> None:
    @app.handler("parent")
    async def parent(data: Any) -> str:
        async with app:
            return (await app.queue().add("child", data)).id

    @app.handler("child")
    def child(data: Any) -> Any:
        with app.sync:
            return data

    async with app, app.worker():
        for n in range(3):
            job = await app.queue().add("parent", n)
            child_id = await job.result(timeout=20)
            assert await (await app.get(child_id)).result(timeout=20) == n
        assert is_open(app)

    assert not is_open(app)


async def test_either_side_keeps_it_open_for_the_other(app: Errands) -> None:
    app.sync.initialize()
    async with app:
        await app.queue().add("one")
    app.sync.queue().add("two")

    async with app:
        with app.sync:
            app.sync.shutdown()
            app.sync.initialize()
        await app.queue().add("three")
    assert is_open(app)

    app.sync.shutdown()
    assert not is_open(app)


def test_threads_open_and_close_it_side_by_side(app: Errands) -> None:
    begin = threading.Barrier(8)

    def add(n: int) -> list[str]:
        begin.wait(20)
        ids: list[str] = []
        for m in range(25):
            with app.sync:
                ids.append(app.sync.queue().add("x", job_id=f"{n}-{m}").id)
        return ids

    with ThreadPoolExecutor(8) as threads:
        added = [id_ for ids in threads.map(add, range(8)) for id_ in ids]

    assert not is_open(app)
    with app.sync:
        assert waiting(app) == len(set(added)) == 200


def test_event_loops_and_threads_open_it_side_by_side(app: Errands) -> None:
    begin = threading.Barrier(6)

    async def enter_often() -> None:
        for _ in range(10):
            async with app:
                await app.queue().add("x")

    def enter(n: int) -> None:
        begin.wait(20)
        if n % 2:
            asyncio.run(enter_often())
            return
        for _ in range(10):
            with app.sync:
                app.sync.queue().add("x")

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(enter, range(6)))

    with app.sync:
        assert waiting(app) == 60


async def test_a_hundred_tasks_open_and_close_it_side_by_side(app: Errands) -> None:
    async def enter(n: int) -> None:
        async with app:
            await asyncio.sleep(n % 7 * 0.001)
            await app.queue().add("x")

    await asyncio.gather(*map(enter, range(100)))

    assert not is_open(app)


async def test_one_end_too_many_is_harmless(app: Errands) -> None:
    await app.shutdown()
    app.sync.shutdown()
    async with app:
        pass
    await app.shutdown()
    async with app:
        assert is_open(app)

    assert not is_open(app)


async def test_an_opening_that_failed_does_not_count(tmp_path: Path) -> None:
    app = Errands(f"sqlite:///{tmp_path}/later/errands.db")

    failed = await asyncio.gather(*(app.initialize() for _ in range(5)), return_exceptions=True)
    with pytest.raises(StoreUnavailable):
        app.sync.initialize()
    assert [type(error) for error in failed] == [StoreUnavailable] * 5

    (tmp_path / "later").mkdir()
    async with app:
        await app.queue().add("x")
    assert not is_open(app)


async def test_an_opening_that_was_cancelled_does_not_count(app: Errands) -> None:
    opening = [asyncio.ensure_future(app.initialize()) for _ in range(3)]
    await asyncio.sleep(0)
    for task in opening:
        task.cancel()
    ends = await asyncio.gather(*opening, return_exceptions=True)
    for end in ends:
        if end is app:  # It was open before it was told to be cancelled.
            await app.shutdown()

    async with app:
        await app.queue().add("x")
    assert not is_open(app)


def test_threads_that_use_it_first_make_one_of_each_part(app: Errands) -> None:
    begin = threading.Barrier(8)

    def add(_: int) -> str:
        begin.wait(20)
        app.sync.initialize()
        return app.sync.queue().add("x").id

    with ThreadPoolExecutor(8) as threads:
        added = set(threads.map(add, range(8)))

    assert waiting(app) == len(added) == 8
    for _ in range(8):
        app.sync.shutdown()
    assert not is_open(app)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("name", LASTING)
def test_a_forked_child_has_its_parents_openings(name: str, empty: Callable[[str], str]) -> None:
    app = Errands(empty(name))
    app.sync.initialize()
    with app.sync:
        child = os.fork()
        if not child:
            app.sync.queue().add("of the child")
            app.sync.shutdown()
            was_open = is_open(app)
            app.sync.shutdown()
            os._exit(0 if was_open and not is_open(app) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        app.sync.queue().add("of the parent")

    assert waiting(app) == 2
    app.sync.shutdown()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("name", LASTING)
def test_a_child_forked_within_a_running_loop_feeds_listeners_of_its_own(
    name: str, empty: Callable[[str], str]
) -> None:
    app = Errands(empty(name))
    code = asyncio.run(forks_and_hears(app))

    assert code == 0


async def forks_and_hears(app: Errands) -> int:
    """Fork a child that listens, and listen; the child's exit code."""
    heard = asyncio.Queue[str]()

    @app.on("added", queue="of-the-parent")
    async def hear(event: Event) -> None:
        heard.put_nowait(event.job_id or "")

    async with app:
        child = os.fork()
        if not child:
            is_well = False
            try:
                is_well = asyncio.run(hears_its_own_job(app))
            finally:  # It must not go on with what its parent was doing.
                os._exit(0 if is_well else 1)
        _, status = await asyncio.to_thread(os.waitpid, child, 0)
        job = await app.queue("of-the-parent").add("x")
        assert await asyncio.wait_for(heard.get(), 20) == job.id
    assert heard.empty()
    return os.waitstatus_to_exitcode(status)


async def hears_its_own_job(app: Errands) -> bool:
    """Whether a listener is fed here, and is said not to be until the application is opened."""
    heard, said = asyncio.Queue[str](), SimpleQueue[Any]()
    logging.getLogger("errands.listeners").addHandler(QueueHandler(said))

    @app.on("added", queue="of-the-child")
    async def hear(event: Event) -> None:
        heard.put_nowait(event.job_id or "")

    async with app:
        job = await app.queue("of-the-child").add("x")
        return await asyncio.wait_for(heard.get(), 20) == job.id and said.qsize() == 1
