"""Opening and closing one file from several places of a program."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from errands import Errands


class Checkpointers:
    """Counts the checkpoint threads that were begun after it; others may still be ending."""

    def __init__(self) -> None:
        self._before = set(threading.enumerate())

    def __call__(self) -> int:
        begun = set(threading.enumerate()) - self._before
        return sum(thread.name == "errands-checkpoint" for thread in begun)


async def test_opening_from_several_tasks_opens_once(url: str) -> None:
    checkpointers = Checkpointers()
    app = Errands(url)
    await asyncio.gather(*(app.initialize() for _ in range(4)))
    assert checkpointers() == 1

    for _ in range(4):
        assert checkpointers() == 1
        await app.shutdown()

    assert checkpointers() == 0


def test_opening_from_several_threads_opens_once(url: str) -> None:
    checkpointers = Checkpointers()
    app = Errands(url).sync
    with ThreadPoolExecutor(4) as threads:
        openings = [threads.submit(app.initialize) for _ in range(4)]
        for opening in openings:
            opening.result()
    assert checkpointers() == 1

    for _ in range(4):
        assert checkpointers() == 1
        app.shutdown()

    assert checkpointers() == 0
