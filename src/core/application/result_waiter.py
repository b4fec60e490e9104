"""Waiting for jobs to end: by their state, woken by hints, never by one event."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Collection
from datetime import timedelta
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Final

import attrs

from ..domain.errors import (
    UNKNOWN,
    ErrandsError,
    JobCancelled,
    JobFailed,
    JobRemoved,
    ResultTimeout,
)
from ..domain.events import ENDS, Hint
from ..domain.job import defaults
from ..domain.job.identity import JobRef
from ..domain.job.job import Job
from ..domain.job.status import JobStatus
from ..domain.store_errors import StoreUnavailable
from ..ports.codec import Codec
from ..ports.event_log import EventFilter
from ..ports.store import Store
from ..ports.wakeup import Wakeup
from .per_loop import PerLoop
from .snapshot import decoded
from .thread_wake_event import ThreadWakeEvent
from .use_cases.read import find_jobs, last_event_id, read_events
from .wake_event import WakeEvent

ENDED: Final = EventFilter(types=ENDS)
PAGE: Final = 500
LAST_LOOK_SECONDS: Final = 1.0
"""How long the last look may take, once somebody's time is over: a server may never answer."""


def result_of(job: Job, codec: Codec) -> Any:
    """The result of a job that ended. Raises `JobFailed` or `JobCancelled`."""
    match job.status:
        case JobStatus.COMPLETED:
            return decoded(job, "result", codec)
        case JobStatus.FAILED:
            raise JobFailed(job.id, job.reason)
        case _:
            raise JobCancelled(job.id, job.reason)


@attrs.define(eq=False)
class _Waiter:
    """Who waits by a thread, and whether nobody does any more."""

    changed: ThreadWakeEvent = attrs.Factory(ThreadWakeEvent)
    has_gone: bool = False


class ResultWaiter:
    """Waits for jobs to end, on any event loop and on any thread."""

    def __init__(self, *, store: Store, wakeup: Wakeup, poll: timedelta = defaults.POLL) -> None:
        self._store = store
        self._wakeup = wakeup
        self._poll = poll.total_seconds()
        self._watch = PerLoop(lambda: ResultWatch(store=store, wakeup=wakeup, poll=self._poll))

    async def ended(self, ref: JobRef, timeout: timedelta | None) -> Job:
        """The job, once it has ended. Raises `JobRemoved` or `ResultTimeout`."""
        return await self._watch.here().ended(ref, timeout)

    def ended_sync(self, ref: JobRef, timeout: timedelta | None) -> Job:
        """`ended`, blocking the calling thread."""
        if timeout is None:
            return self._ended_sync(ref, None, _Waiter())
        # A driver may wait for ever for a server that is frozen: that is left to a thread.
        answers, seconds = SimpleQueue[Job | BaseException](), timeout.total_seconds()
        waiter = _Waiter()
        watch = partial(_answer, answers, partial(self._ended_sync, ref, timeout, waiter))
        try:
            self._start(watch)
            answer = answers.get(timeout=min(seconds + LAST_LOOK_SECONDS, threading.TIMEOUT_MAX))
        except Empty as error:
            raise ResultTimeout(ref.id, seconds, UNKNOWN) from error
        finally:  # A signal handler may have cut this off.
            waiter.has_gone = True
            waiter.changed.set()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _start(self, watch: Callable[[], None]) -> None:
        try:
            threading.Thread(target=watch, name="errands-result", daemon=True).start()
        except RuntimeError as error:
            raise StoreUnavailable(self._store.url, str(error)) from error

    def _ended_sync(self, ref: JobRef, timeout: timedelta | None, waiter: _Waiter) -> Job:
        changed, started = waiter.changed, time.monotonic()
        unsubscribe = self._wakeup.subscribe(partial(_tells_end, ref.queue), changed.set)
        try:
            while True:
                job = self._store.read_sync(partial(find_jobs, refs=[ref])).get(ref)
                if job is None:
                    raise JobRemoved(ref.id, ref.queue)
                if job.status.is_terminal:
                    return job
                left = _left(timeout, started)
                if left <= 0 or waiter.has_gone:
                    raise ResultTimeout(ref.id, time.monotonic() - started, job.status.value)
                changed.wait(min(left, self._poll))
        finally:
            unsubscribe()


class ResultWatch:
    """Watches the jobs somebody on one event loop waits for, all of them with one look.

    What counts is a job's state. A hint that jobs ended makes it read in the log which ones,
    so that a look costs what has ended, not what is waited for.
    """

    def __init__(self, *, store: Store, wakeup: Wakeup, poll: float) -> None:
        self._store = store
        self._wakeup = wakeup
        self._poll = poll
        self._waiting: dict[JobRef, list[asyncio.Future[Job]]] = {}
        self._new: set[JobRef] = set()
        self._signal: WakeEvent | None = None
        self._watching: asyncio.Task[None] | None = None

    async def ended(self, ref: JobRef, timeout: timedelta | None) -> Job:
        """See `ResultWaiter.ended`."""
        answer: asyncio.Future[Job] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(ref, []).append(answer)
        self._new.add(ref)
        if self._signal is not None:
            self._signal.set()
        if self._watching is None or self._watching.done():
            self._watching = asyncio.ensure_future(self._watch())
        seconds = None if timeout is None else timeout.total_seconds()
        try:
            return await asyncio.wait_for(answer, seconds)
        except TimeoutError:
            return await self._look_once_more(ref, seconds or 0.0)
        finally:
            self._forget(ref, answer)

    async def _look_once_more(self, ref: JobRef, seconds: float) -> Job:
        """Out of time: the job all the same if it has ended, even with no time to wait."""
        look = self._store.read(partial(find_jobs, refs=[ref]))
        try:
            job = (await asyncio.wait_for(look, LAST_LOOK_SECONDS)).get(ref)
        except TimeoutError as error:
            if isinstance(error, ErrandsError):
                raise
            raise ResultTimeout(ref.id, seconds, UNKNOWN) from error
        if job is None:
            raise JobRemoved(ref.id, ref.queue)
        if not job.status.is_terminal:
            raise ResultTimeout(ref.id, seconds, job.status.value)
        return job

    async def _watch(self) -> None:
        """Look by state at first and at every poll; a hint says where to look in between."""
        signal = WakeEvent()
        unsubscribe = self._wakeup.subscribe(_is_end, signal.set)
        try:
            cursor = await self._store.read(last_event_id)
            while self._waiting:
                new, self._new = self._new, set()
                await self._look(new)
                if self._new or not self._waiting:
                    continue
                self._signal = signal
                if await signal.wait(self._poll):
                    cursor = await self._follow(cursor)
                else:
                    await self._look(set(self._waiting))
        except Exception as error:  # noqa: BLE001 - told to everybody who waits
            self._fail_all(error)
        finally:
            self._signal = None
            unsubscribe()

    async def _follow(self, cursor: int) -> int:
        """Look at the jobs that the log says have ended; the new cursor."""
        while True:
            work = partial(read_events, after=cursor, limit=PAGE, wanted=ENDED)
            events = await self._store.read(work)
            await self._look(self._waiting.keys() & {event.ref for event in events if event.ref})
            if len(events) < PAGE:
                return events[-1].id if events else cursor
            cursor = events[-1].id

    async def _look(self, refs: Collection[JobRef]) -> None:
        if not refs:
            return
        jobs = await self._store.read(partial(find_jobs, refs=refs))
        for ref in refs:
            job = jobs.get(ref)
            if job is None:
                self._tell(ref, JobRemoved(ref.id, ref.queue))
            elif job.status.is_terminal:
                self._tell(ref, job)

    def _tell(self, ref: JobRef, told: Job | Exception) -> None:
        for answer in self._waiting.pop(ref, []):
            if answer.done():
                continue
            if isinstance(told, Job):
                answer.set_result(told)
            else:
                answer.set_exception(told)

    def _fail_all(self, error: Exception) -> None:
        for ref in list(self._waiting):
            self._tell(ref, error)

    def _forget(self, ref: JobRef, answer: asyncio.Future[Job]) -> None:
        waiting = self._waiting.get(ref)
        if waiting is not None and answer in waiting:
            waiting.remove(answer)
            if not waiting:
                del self._waiting[ref]


def _answer(answers: SimpleQueue[Job | BaseException], watch: Callable[[], Job]) -> None:
    try:
        answers.put(watch())
    except BaseException as error:  # noqa: BLE001 - raised where it is waited for
        answers.put(error)


def _is_end(hint: Hint) -> bool:
    return hint.type in ENDS


def _tells_end(queue: str, hint: Hint) -> bool:
    return hint.queue == queue and hint.type in ENDS


def _left(timeout: timedelta | None, started: float) -> float:
    if timeout is None:
        return float("inf")
    return timeout.total_seconds() - (time.monotonic() - started)
