"""Listeners are fed as long as somebody has the application open, by one loop at a time."""

import asyncio
import threading

from errands import Errands, Event


async def another_loop(app: Errands, until: threading.Event) -> threading.Thread:
    """Have it open on an event loop of another thread as well."""
    is_there = threading.Event()

    async def stay() -> None:
        async with app:
            is_there.set()
            await asyncio.to_thread(until.wait, 30)

    other = threading.Thread(target=lambda: asyncio.run(stay()))
    other.start()
    await asyncio.to_thread(is_there.wait, 30)
    return other


async def test_a_listener_is_fed_until_the_last_one_on_its_loop_is_out(app: Errands) -> None:
    heard = asyncio.Queue[str]()

    @app.on("added")
    async def hear(event: Event) -> None:
        heard.put_nowait(event.job_id or "")

    async with app:
        async with app:
            pass
        with app.sync:
            pass
        job = await app.queue().add("x")
        assert await asyncio.wait_for(heard.get(), 20) == job.id
    async with app:
        again = await app.queue().add("x")
        assert await asyncio.wait_for(heard.get(), 20) == again.id
    assert heard.empty()


async def test_listeners_go_on_where_another_loop_has_it_open(app: Errands) -> None:
    heard, go_on = list[str](), threading.Event()
    has_heard = threading.Condition()

    @app.on("added")
    def hear(event: Event) -> None:
        with has_heard:
            heard.append(event.job_id or "")
            has_heard.notify_all()

    async with app:
        other = await another_loop(app, until=go_on)
        ids = [(await app.queue().add("x")).id]
    ids.append(app.sync.queue().add("x").id)

    with has_heard:
        assert has_heard.wait_for(lambda: len(heard) == 2, 20)
    go_on.set()
    other.join()
    assert heard == ids


async def test_a_listener_that_is_being_called_as_its_loop_ends_is_not_called_again(
    app: Errands,
) -> None:
    heard, go_on = list[str](), threading.Event()
    is_called, may_end, has_heard_all = threading.Event(), threading.Event(), threading.Event()

    @app.on("added")
    def hear(event: Event) -> None:
        heard.append(event.job_id or "")
        is_called.set()
        may_end.wait(30)
        if len(heard) >= 2:
            has_heard_all.set()

    async with app:
        other = await another_loop(app, until=go_on)
        ids = [(await app.queue().add("x")).id]
        await asyncio.to_thread(is_called.wait, 30)
        threading.Timer(0.2, may_end.set).start()
    ids.append(app.sync.queue().add("x").id)

    assert await asyncio.to_thread(has_heard_all.wait, 20)
    go_on.set()
    other.join()
    assert heard == ids


async def test_listeners_go_on_where_their_loop_ended_without_a_shutdown(app: Errands) -> None:
    heard, go_on, is_there = asyncio.Queue[str](), threading.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    @app.on("added")
    def hear(event: Event) -> None:
        loop.call_soon_threadsafe(heard.put_nowait, event.job_id or "")

    async def open_and_go() -> None:
        await app.initialize()
        is_there.set()
        await asyncio.to_thread(go_on.wait, 30)

    other = threading.Thread(target=lambda: asyncio.run(open_and_go()))
    other.start()
    await asyncio.to_thread(is_there.wait, 30)
    async with app:
        first = await app.queue().add("x")
        assert await asyncio.wait_for(heard.get(), 20) == first.id
        go_on.set()
        await asyncio.to_thread(other.join)

        second = await app.queue().add("x")
        assert await asyncio.wait_for(heard.get(), 20) == second.id
    await app.shutdown()
