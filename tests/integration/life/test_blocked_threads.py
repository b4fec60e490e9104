"""Threads that are blocked, of listeners and of the event loop, hold up nobody else."""

import asyncio
import threading
import time

from errands import Errands


async def test_blocking_listeners_hold_up_neither_counts_nor_the_end(app: Errands) -> None:
    is_over, begun = threading.Event(), threading.Semaphore(0)
    for _ in range(40):  # more than an event loop has threads of its own

        @app.on("added")
        def block(event: object) -> None:
            begun.release()
            is_over.wait(60)

    async with app:
        await app.queue().add("x")
        await asyncio.to_thread(lambda: [begun.acquire(timeout=30) for _ in range(40)])
        await asyncio.wait_for(app.queue().counts(), 10)
        began = time.monotonic()
    assert time.monotonic() - began < 20
    is_over.set()


async def test_tasks_in_the_loops_threads_hold_up_neither_counts_nor_the_end(app: Errands) -> None:
    is_over = threading.Event()
    blocked = [asyncio.ensure_future(asyncio.to_thread(is_over.wait, 60)) for _ in range(64)]
    try:
        async with asyncio.timeout(20):
            async with app:
                await app.queue().add("x")
                await app.queue().counts()
                await app.queues()
    finally:
        is_over.set()
        await asyncio.gather(*blocked)
