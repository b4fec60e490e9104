"""The worker that is killed on the way."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Final

from .... import Queue

TRIES: Final = 25
BETWEEN_SECONDS: Final = 0.02


async def kill_in_the_act(pid: int, queue: Queue) -> int:
    """Kill a worker with SIGKILL while it runs jobs; how many it held.

    It is frozen first, so that what it holds is certain. One that is idle is thawed and
    tried again, for half a second; 0 if it was never caught, and lives.
    """
    for _ in range(TRIES):
        os.kill(pid, signal.SIGSTOP)
        last = signal.SIGCONT
        try:
            held = await _held(pid, queue)
            if held:
                last = signal.SIGKILL
                return held
        finally:
            os.kill(pid, last)
        await asyncio.sleep(BETWEEN_SECONDS)
    return 0


async def _held(pid: int, queue: Queue) -> int:
    """Active jobs of the process; a worker's id names its host and its process."""
    page = await queue.jobs(status="active", limit=100)
    return sum(f":{pid}:" in (job.worker or "") for job in page.jobs)
