"""A process that gets no thread more: said by errors of the store, and over when there are some."""

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

import pytest

from errands import Errands, Event, StoreNotOpen, StoreUnavailable
from tests.faults.aim import NUMBER, call_on_signal
from tests.faults.alarm import Alarm
from tests.faults.site import Site

SECONDS = 20


@pytest.fixture
def app(site: Site) -> Errands:
    """One that nobody has opened."""
    return Errands(site.url)


@contextmanager
def no_threads() -> Generator[None]:
    """The lowest seam there is: `threading.Thread.start`, as the system would answer it."""
    with pytest.MonkeyPatch.context() as exhausted:
        exhausted.setattr(threading.Thread, "start", refuse)
        yield


def refuse(thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


async def test_no_opening_without_a_thread_but_by_an_error_of_the_store(app: Errands) -> None:
    with no_threads(), pytest.raises(StoreUnavailable, match="thread"):
        async with app:
            pass

    async with app:
        await app.queue().add("x")


def test_no_other_error_of_opening_on_this_thread(app: Errands) -> None:
    with no_threads(), suppress(StoreUnavailable):
        app.sync.initialize()
        app.sync.shutdown()

    with app.sync as opened:
        opened.queue().add("x")


async def test_closing_needs_no_thread(app: Errands) -> None:
    with no_threads_at_the_end() as exhaust:
        async with app:
            await app.queue().add("x")
            exhaust()

    with pytest.raises(StoreNotOpen):
        app.sync.queues()


@contextmanager
def no_threads_at_the_end() -> Generator[Callable[[], None]]:
    with pytest.MonkeyPatch.context() as exhausted:
        yield lambda: exhausted.setattr(threading.Thread, "start", refuse)


async def test_no_other_error_of_an_add(app: Errands) -> None:
    async with app:
        with no_threads():
            for _ in range(2):
                with suppress(StoreUnavailable):
                    await app.queue().add("x")

        assert (await app.queue().add("y")).name == "y"


def test_no_waiting_for_a_result_without_a_thread_but_by_an_error_of_the_store(
    app: Errands,
) -> None:
    with app.sync as opened:
        job = opened.queue().add("x")
        with no_threads(), pytest.raises(StoreUnavailable, match="thread"):
            job.result(timeout=SECONDS)


async def test_no_worker_without_a_thread_but_by_an_error_of_the_store(app: Errands) -> None:
    @app.handler("x")
    async def reply(data: object) -> str:
        return "done"

    async with app:
        job = await app.queue().add("x")
        with no_threads(), pytest.raises(StoreUnavailable, match="thread"):
            await app.worker().run(handle_signals=False)

        async with app.worker():
            assert await job.result(timeout=SECONDS) == "done"


def test_no_program_without_a_thread_but_by_an_error_of_the_store(app: Errands) -> None:
    @app.handler("x")
    async def reply(data: object) -> str:
        return "done"

    with refused("errands-watch"), pytest.raises(StoreUnavailable, match="thread"):
        app.run()

    with app.sync as opened:
        opened.queue().add("x")


@contextmanager
def refused(name: str) -> Generator[None]:
    """There is no thread for whoever has this name."""
    start = threading.Thread.start

    def start_others(thread: threading.Thread) -> None:
        if thread.name == name:
            refuse(thread)
        start(thread)

    with pytest.MonkeyPatch.context() as exhausted:
        exhausted.setattr(threading.Thread, "start", start_others)
        yield


async def test_a_plain_listener_is_called_once_there_is_a_thread(app: Errands) -> None:
    told: list[str | None] = []
    both, loop = asyncio.Event(), asyncio.get_running_loop()

    @app.on("added")
    def note(event: Event) -> None:
        told.append(event.job_id)
        if event.job_id == "second":
            loop.call_soon_threadsafe(both.set)

    async with app:
        with no_threads():
            await app.queue().add("x", job_id="first")
            await asyncio.sleep(0.3)
        await app.queue().add("x", job_id="second")
        await asyncio.wait_for(both.wait(), SECONDS)

    assert told == ["first", "second"]


def test_a_wait_for_a_result_that_a_handler_cuts_off_leaves_no_thread(app: Errands) -> None:
    with sounding(), app.sync as opened:
        job = opened.queue().add("x")
        hitting = threading.Thread(target=hit)
        hitting.start()
        with pytest.raises(Alarm):
            job.result(timeout=600)
        hitting.join()

        for thread in waiting():
            thread.join(SECONDS)
            assert not thread.is_alive()


@contextmanager
def sounding() -> Generator[None]:
    """The signal raises an alarm."""
    before = signal.getsignal(NUMBER)
    call_on_signal(sound)
    yield
    signal.signal(NUMBER, before)


def sound() -> None:
    raise Alarm


def hit() -> None:
    while not waiting():
        time.sleep(0.01)
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, NUMBER)


def waiting() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "errands-result"]
