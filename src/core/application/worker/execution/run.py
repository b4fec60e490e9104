"""One run of one job."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from typing import Any

from ....domain.errors import InvalidPayload
from ....domain.job.job import Job
from ....domain.job.outcome import Cancel, Fail, Outcome, PutOff, Release
from ....ports.executor import NoThread
from ....ports.lease_repository import Held
from ...registry import Handler
from .outcomes import outcome_of_error, outcome_of_value, timed_out, undescribed
from .run_dependencies import RunDependencies
from .task import TaskExecution
from .thread import ThreadExecution

_log = logging.getLogger("errands.worker")


class Stop(Enum):
    """Why a run was told to end before it did."""

    TIMEOUT = auto()
    CANCEL = auto()
    RELEASE = auto()
    LEASE_LOST = auto()


Ended = Callable[["Run", Outcome], None]
"""Called once for each run, with its outcome."""


class Run:
    """Runs a handler as a task, and ends it early where that is asked for.

    The outcome is told once: when the handler returns, or before where the run is given
    up (out of time, out of grace, given back). Then `returned` is called when the handler
    really returns; until then the slot stays taken.
    """

    def __init__(
        self, job: Job, tools: RunDependencies, *, ended: Ended, returned: Callable[[Run], None]
    ):
        self.job = job
        self.held = Held(job.key, job.token or "")
        self.is_ended = False
        self.is_kept = False
        """Whether its outcome is kept, to be settled."""
        self.has_returned = False
        self._tools = tools
        self._tell_ended = ended
        self._tell_returned = returned
        self._stop: Stop | None = None
        self._execution: TaskExecution | ThreadExecution | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, as a task of the running loop."""
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._execute())
        if self.job.policy.timeout is not None:
            seconds = self.job.policy.timeout.total_seconds()
            self._timers.append(loop.call_later(seconds, self.stop, Stop.TIMEOUT))

    def stop(self, reason: Stop) -> None:
        """Ask the run to end; the first reason holds, but what ends it at once overrules a cancel.

        A lost lease is given back, too: the settlement is then told that it comes too late.
        """
        if self.is_ended or (self._stop is not None and reason in (Stop.CANCEL, Stop.TIMEOUT)):
            return
        self._stop = reason
        # A task that has not begun yet sees the reason by itself.
        if self._execution is not None:
            self._execution.interrupt()  # First: a thread that finds the run over finds out why.
        match reason:
            case Stop.TIMEOUT:
                self._end(timed_out(self.job, self._tools.chance))
            case Stop.RELEASE | Stop.LEASE_LOST:
                self._end(Release(by_handler=False))
            case Stop.CANCEL:
                grace = self._tools.cancel_grace.total_seconds()
                loop = asyncio.get_running_loop()
                self._timers.append(loop.call_later(grace, self._end, Cancel()))

    def is_run_by(self, task: asyncio.Task[Any]) -> bool:
        """Whether this task runs its handler."""
        return task is self._task

    async def _execute(self) -> None:
        try:
            outcome = Cancel() if self._stop is not None else await self._outcome()
        except BaseException as error:  # noqa: BLE001 - the last guard: a run must end all the same
            _log.error("job %s: %s while its outcome was made", self.job.ref, type(error).__name__)
            outcome = undescribed(error, self._tools.chance)
        finally:
            for timer in self._timers:
                timer.cancel()
        self.has_returned = True
        if self.is_ended:
            self._tell_returned(self)
        else:
            self._end(outcome)

    async def _outcome(self) -> Outcome:
        handler = self._tools.registry.find(self.job.queue, self.job.name)
        if handler is None:
            return PutOff()
        try:
            value = await self._call(handler)
            return outcome_of_value(value, self.job, self._tools.codec, self._tools.chance)
        except asyncio.CancelledError as error:
            if self._stop is None:
                # A loop that ends cancels the worker in the same turn as its runs: let it say so.
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(0)
            return self._cancelled(error)
        except InvalidPayload as error:
            return self._refused(error)
        except NoThread as error:
            # It did not start, and is no worse for it; not at once, since a thread must end first.
            _log.warning("job %s: its handler was not started: %s", self.job.ref, error)
            return Release(by_handler=True)
        except BaseException as error:  # noqa: BLE001 - whatever a handler raises fails its job only
            # KeyboardInterrupt too: Ctrl-C comes to the worker as a signal, never this way.
            return self._failed(error)

    async def _call(self, handler: Handler) -> Any:
        data = self._data(handler)
        kind = TaskExecution if handler.is_async else ThreadExecution
        self._execution = execution = kind(self.job, data, self._tools)
        return await execution.call(handler)

    def _data(self, handler: Handler) -> Any:
        if handler.shape is Any:
            return self._tools.codec.decode(self.job.data)
        return self._tools.codec.decoder(handler.shape)(self.job.data)

    def _cancelled(self, error: asyncio.CancelledError) -> Outcome:
        match self._stop:
            case Stop.CANCEL:
                return Cancel()
            case Stop.RELEASE:
                return Release(by_handler=False)
            case _:
                return self._failed(error)

    def _failed(self, error: BaseException) -> Fail:
        return outcome_of_error(error, self.job, self._tools.registry, self._tools.chance)

    def _refused(self, error: InvalidPayload) -> Fail:
        """Data that does not fit the handler will not fit it next time either."""
        failed = self._failed(error)
        is_input = self._execution is None
        return Fail(
            failed.error, is_permanent=is_input, retry_in=failed.retry_in, chance=failed.chance
        )

    def _end(self, outcome: Outcome) -> None:
        if self.is_ended:
            return
        self.is_ended = True
        if self._execution is not None:
            self._execution.end()
        self._tell_ended(self, outcome)
