"""What a worker does in the end is done, whoever is cancelled meanwhile, and within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

LAST_WORD_SECONDS: Final = 5.0
"""How long a worker may take to give its jobs back, once it has to end at once."""


async def to_its_end(task: asyncio.Future[Any], *, interrupted: Callable[[], None]) -> None:
    """Wait until a task has ended, as often as the waiting itself is cancelled or interrupted.

    Each time `interrupted` is called, which has to see to it that the task ends soon. Then
    what has interrupted is raised, else the task's own error; that somebody cancelled the task
    itself is no error.
    """
    first: BaseException | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except (asyncio.CancelledError, KeyboardInterrupt, SystemExit) as error:
            first = first or error
            interrupted()
    own = None if task.cancelled() else task.exception()
    told = first or own
    if told is not None:
        raise told
