"""A foreign program holds the write lock."""

import asyncio
import threading
import time
from pathlib import Path

import pytest

from errands import Errands, JobStatus, StoreBusy
from errands.core.domain.events import EventType, Hint
from tests.integration.processes import Processes, Program

BUSY_TIMEOUT = 0.6


@pytest.fixture
def holder(path: Path, processes: Processes) -> Program:
    """A process that holds the write lock of a file with Errands' tables."""
    with Errands(f"sqlite:///{path}").sync:
        pass
    holder = processes.start("hold_lock")
    holder.expect("held")
    return holder


async def test_a_held_write_lock_ends_as_store_busy_and_never_blocks_the_event_loop(
    holder: Program, url: str
) -> None:
    async with Errands(url, busy_timeout=BUSY_TIMEOUT) as app:
        watching = asyncio.ensure_future(longest_lag())
        started = time.monotonic()

        with pytest.raises(StoreBusy, match="stayed locked"):
            await app.queue().add("x")

        assert time.monotonic() - started >= BUSY_TIMEOUT
        watching.cancel()
        assert await watching < BUSY_TIMEOUT / 2


async def test_calls_that_wait_for_the_lock_together_give_up_together(
    holder: Program, url: str
) -> None:
    async with Errands(url, busy_timeout=BUSY_TIMEOUT) as app:
        started = time.monotonic()

        ended = await asyncio.gather(
            *(app.queue(str(number)).pause() for number in range(20)), return_exceptions=True
        )

        assert {type(each) for each in ended} == {StoreBusy}
        assert time.monotonic() - started < 20 * BUSY_TIMEOUT / 2


async def test_reading_goes_on_beside_a_held_write_lock(holder: Program, url: str) -> None:
    async with Errands(url, busy_timeout=BUSY_TIMEOUT) as app:
        assert await app.queue().find("x") is None


async def test_an_add_goes_through_once_the_lock_is_let_go(holder: Program, url: str) -> None:
    async with Errands(url) as app:
        adding = asyncio.ensure_future(app.queue().add("x"))
        await asyncio.sleep(0.05)
        assert not adding.done()

        holder.tell()

        assert (await adding).is_new


async def test_workers_hear_of_an_add_whose_caller_was_cancelled_meanwhile(
    holder: Program, url: str
) -> None:
    heard = threading.Event()

    def hear(hint: Hint) -> bool:
        if hint.type is EventType.ADDED:
            heard.set()
        return False

    async with Errands(url) as app:
        unsubscribe = app.container.wakeup().subscribe(hear, heard.set)
        adding = asyncio.ensure_future(app.queue().add_many([("x", 1)]))
        await asyncio.sleep(0.05)
        adding.cancel()
        holder.tell()

        assert await asyncio.to_thread(heard.wait, 10)
        unsubscribe()
        assert (await app.queue().counts())[JobStatus.WAITING].value == 1


def test_a_program_without_a_loop_gets_store_busy_too(holder: Program, url: str) -> None:
    with Errands(url, busy_timeout=0.1).sync as app, pytest.raises(StoreBusy):
        app.queue().add("x")


async def longest_lag() -> float:
    """How late the loop came back to a coroutine that sleeps briefly, until cancelled."""
    longest = 0.0
    try:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.005)
            longest = max(longest, time.monotonic() - before - 0.005)
    except asyncio.CancelledError:
        return longest
