"""An async handler, run in the task of its run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from ....domain.job.job import Job
from ...registry import Handler
from .job_context import JobContext
from .run_dependencies import RunDependencies


class TaskExecution:
    """Made in the task that is to run the handler; interrupting it cancels that task."""

    __slots__ = ("_context", "_task")

    def __init__(self, job: Job, data: Any, tools: RunDependencies) -> None:
        self._context = JobContext(job, data, tools)
        self._task = asyncio.current_task()

    def call(self, handler: Handler) -> Awaitable[Any]:
        """Run the handler."""
        return handler.call(self._context.data, self._context)

    def interrupt(self) -> None:
        """Ask the handler to end."""
        if self._task is not None:
            self._task.cancel()

    def end(self) -> None:
        """The run is over, whether the handler has returned or not."""
        self._context.end()
