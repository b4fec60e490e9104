"""What goes on beside workers and producers: forks, and bulk verbs on queues in use."""

import asyncio
import os
import random
import threading
import time
from collections.abc import Sequence
from itertools import count
from typing import Final, NoReturn

from errands import (
    Errands,
    IllegalTransition,
    JobContext,
    JobNotFound,
    PermanentFailure,
    Queue,
    StoreError,
)
from tests.integration.programs import say

CHURN: Final = "churn"
"""A queue of jobs that fail once, and are then retried one by one, or cleaned away."""
DRAINED: Final = "drained"
"""A queue that is drained again and again while workers run its jobs."""


async def fail_once(data: object, context: JobContext) -> int:
    """Fail for good, and complete after a retry by hand."""
    del data
    if context.state is None:
        await context.save_state("failed")
        raise PermanentFailure("the first time")
    return context.starts


def add_and_fork(url: str, name: str, pause: str = "0.01") -> None:
    """Add from a thread without end, while the main thread forks children that add, too."""
    app = Errands(url)
    app.sync.initialize()
    adding = (app, f"{name}-t", float(pause))
    threading.Thread(target=_add_for_ever, args=adding, daemon=True).start()
    say("ready")
    for number in count():
        time.sleep(random.uniform(0.05, 0.2))
        child = os.fork()
        if not child:
            _end_as_a_child(app, f"{name}-{number}", number)
        os.waitpid(child, 0)


def _add_for_ever(app: Errands, name: str, pause: float) -> None:
    for number in count():
        _add_surely(app, f"{name}-{number}")
        time.sleep(pause)


def _end_as_a_child(app: Errands, name: str, number: int) -> NoReturn:
    """Add, and end in one of four ways, two of which leave a grandchild that goes on."""
    try:
        _add_surely(app, f"{name}-child")
        leaves_a_child, shuts_down = number % 4 >= 2, number % 2 == 1
        if leaves_a_child and not os.fork():
            time.sleep(random.uniform(0, 0.02))
            _add_surely(app, f"{name}-grandchild")
        elif shuts_down:
            app.sync.shutdown()
        os._exit(0)
    finally:
        os._exit(1)


def _add_surely(app: Errands, name: str) -> None:
    """Add one job under its own id, as often as it takes, and acknowledge it."""
    while True:
        try:
            app.sync.queue(max_crashes=1_000).add("job", job_id=name)
        except StoreError:
            time.sleep(0.05)
        else:
            say(name)
            return


def administer(url: str, name: str, pause: str = "0.01") -> None:
    """Add to two queues, and retry, clean and drain there at the same time, without end."""
    asyncio.run(_administer(url, name, float(pause)))


async def _administer(url: str, name: str, pause: float) -> None:
    async with Errands(url) as app:
        churn = app.queue(CHURN, max_crashes=1_000)
        drained = app.queue(DRAINED, max_crashes=1_000)
        say("ready")
        for number in count():
            ids = [f"{name}-{number}-{member}" for member in range(10)]
            await asyncio.gather(_add_all(churn, ids), _add_all(drained, ids))
            await asyncio.gather(_retry(churn), _tidy(churn), _empty(drained))
            await asyncio.sleep(pause)


async def _add_all(queue: Queue, ids: Sequence[str]) -> None:
    try:
        await queue.add_many(("fail_once", None, {"job_id": each}) for each in ids)
    except StoreError:
        return
    say(" ".join(f"added {queue.name}/{each}" for each in ids))


async def _retry(queue: Queue) -> None:
    """Retry some of those that have failed, and acknowledge each that surely waits again."""
    try:
        page = await queue.jobs(status="failed", limit=50)
    except StoreError:
        return
    for job in page.jobs:
        if random.random() < 0.3:
            continue
        try:
            await job.retry()
        except (IllegalTransition, JobNotFound, StoreError):
            continue
        say(f"retried {job.queue}/{job.id}")


async def _tidy(queue: Queue) -> None:
    try:
        await queue.clean(status="failed")
        await queue.retry_many(status="failed", limit=5)
    except StoreError:
        return


async def _empty(queue: Queue) -> None:
    try:
        await queue.drain()
    except StoreError:
        return
