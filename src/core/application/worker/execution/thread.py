"""A plain function, run in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from ....domain.job.job import Job
from ...registry import Handler
from .run_dependencies import RunDependencies
from .sync_job_context import SyncJobContext


class ThreadExecution:
    """Nothing stops a thread: interrupting it tells the context, which the handler asks."""

    __slots__ = ("_context", "_executor")

    def __init__(self, job: Job, data: Any, tools: RunDependencies) -> None:
        self._executor = tools.executor
        self._context = SyncJobContext(job, data, tools, asyncio.get_running_loop())

    def call(self, handler: Handler) -> Awaitable[Any]:
        """Run the handler. Raises `NoThread`."""
        context = self._context
        return self._executor.submit(lambda: handler.call(context.data, context))

    def interrupt(self) -> None:
        """Ask the handler to end."""
        self._context.set_cancelled()

    def end(self) -> None:
        """The run is over, whether the handler has returned or not."""
        self._context.end()
