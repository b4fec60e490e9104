"""The worker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum, auto
from functools import partial
from typing import Self

from ...domain.errors import WorkerStateError
from ...domain.events import EventType
from ...domain.job.durations import Duration, duration
from ...domain.job.identity import checked_name
from ...domain.job.options import checked_flag
from ...domain.store_errors import StoreNotOpen, StoreUnavailable
from ...ports.executor import Executor
from ..registry import HandlerRegistry
from ..scheduling.scheduler import QueueScheduler
from ..services import Services
from ..use_cases.report import tell_worker
from .blocked_loop import BlockedLoop
from .cycle_loop import CycleLoop
from .ending import LAST_WORD_SECONDS, to_its_end
from .execution.outcomes import Chance
from .execution.reporter import Reporter
from .execution.run_dependencies import RunDependencies
from .lease_keeper import LeaseKeeper
from .queue_rotation import QueueRotation
from .settings import WorkerSettings
from .shutdown import on_signals, report_failure, tell_of_signal

_log = logging.getLogger("errands.worker")


class _Phase(Enum):
    NEW = auto()
    RUNNING = auto()
    STOPPING = auto()
    CLOSED = auto()


class Worker:
    """Claims jobs of one or several queues and runs them, as many at once as `concurrency`.

    It claims only what it has free slots for, settles outcomes and claims anew in one
    commit, renews its leases from a thread, and goes on when the store fails for a while.
    `run()` works until `close()` or, by default, until SIGTERM or SIGINT; as an async
    context manager it works in the background, and is closed by force when the block raises.
    """

    def __init__(
        self,
        queues: Sequence[str],
        registry: HandlerRegistry,
        *,
        services: Services,
        executor: Executor,
        settings: WorkerSettings,
        scheduler: QueueScheduler | None = None,
        chance: Chance,
        end_program: Callable[[], None] | None = None,
    ) -> None:
        self.id = services.ids.worker_id()
        self._rotation = QueueRotation([checked_name(queue, "queue") for queue in queues])
        self._services = services
        self._settings = settings
        self._scheduler = scheduler
        self._reporter = Reporter(store=services.store)
        tools = RunDependencies(
            store=services.store,
            codec=services.codec,
            executor=executor,
            registry=registry,
            reporter=self._reporter,
            cancel_grace=settings.cancel_grace,
            chance=chance,
            outage=services.outage,
        )
        self._cycle = CycleLoop(
            self.id,
            self._rotation,
            services=services,
            settings=settings,
            tools=tools,
            chance=chance,
        )
        self._slots = self._cycle.slots
        self._phase = _Phase.NEW
        self._finished: asyncio.Event | None = None
        self._background: asyncio.Task[None] | None = None
        self._working: asyncio.Task[None] | None = None
        self._is_forced = False
        self._end_program = end_program

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues it serves."""
        return tuple(self._rotation.queues)

    @property
    def active(self) -> int:
        """Runs under way."""
        return self._slots.taken

    @property
    def left(self) -> int:
        """Jobs under its leases: of one that has ended, those that it could not give back."""
        return len(self._slots.held)

    @property
    def is_running(self) -> bool:
        """Whether it has begun and not ended."""
        return self._phase in (_Phase.RUNNING, _Phase.STOPPING)

    @property
    def is_healthy(self) -> bool:
        """Whether it runs, and not every slot is held by a run that was given up."""
        return self.is_running and self._slots.abandoned < self.concurrency

    @property
    def concurrency(self) -> int:
        """How many jobs run at once; may be changed at any time."""
        return self._cycle.concurrency

    @concurrency.setter
    def concurrency(self, value: int) -> None:
        self._cycle.concurrency = WorkerSettings(concurrency=value).concurrency
        self._cycle.wake()

    async def run(self, *, handle_signals: bool = True) -> None:
        """Work until closed. Raises `WorkerStateError` if it ran before.

        Raises `StoreNotOpen`, at once where nobody has opened the application, and soon where
        it is closed while the worker runs; the leases of what it ran then end by themselves.
        SIGTERM and SIGINT close it gracefully, a second one by force; without
        `handle_signals`, or outside the main thread, they are left alone. Being cancelled
        closes it by force. Once it is closed by force it ends within seconds, whatever hangs.
        """
        handles = checked_flag(handle_signals, "handle_signals")
        if self._phase is not _Phase.NEW:
            raise WorkerStateError(f"worker {self.id} was run before")
        self._phase = _Phase.RUNNING
        self._cycle.prepare()
        self._finished = asyncio.Event()
        watch: BlockedLoop | None = None
        try:
            watch = self._watch()
            told_apart = None if watch is None else watch.note_signal
            with on_signals(self._close_by_signal, enabled=handles, told_apart=told_apart):
                self._working = asyncio.ensure_future(self._work())
                await to_its_end(self._working, interrupted=self._give_back)
        finally:
            self._phase = _Phase.CLOSED
            self._finished.set()
            self._slots.idle.set()
            if watch is not None:
                watch.call_off()

    async def close(self, grace: Duration | None = None, *, force: bool = False) -> None:
        """Stop: claim nothing more, wait for active runs, then give back what still runs.

        Leases are renewed while it waits, at most `grace` (default: the settings'). With
        `force` runs are cancelled and given back at once, which counts no attempt and no
        crash; a store that does not answer within 5 s is left. Returns when the worker has
        ended; harmless when repeated.
        """
        limit = self._settings.grace if grace is None else duration(grace, "grace")
        is_forced = checked_flag(force, "force")
        if self._phase is _Phase.NEW:
            self._phase = _Phase.CLOSED
        if self._phase is _Phase.CLOSED or self._finished is None:
            return
        self._phase = _Phase.STOPPING
        self._cycle.stop()
        seconds = 0.0 if is_forced else limit.total_seconds()
        try:
            await asyncio.wait_for(self._finished.wait(), seconds)
        except TimeoutError:
            self._give_back()
            await self._finished.wait()

    async def pause(self, *, wait: bool = True) -> None:
        """Claim nothing more in this worker; with `wait`, return when active runs are done."""
        waits = checked_flag(wait, "wait")
        self._cycle.is_paused = True
        if waits and self.is_running:
            await self._slots.idle.wait()

    def resume(self) -> None:
        """Claim again."""
        self._cycle.is_paused = False
        self._cycle.wake()

    async def __aenter__(self) -> Self:
        self._background = asyncio.ensure_future(self.run(handle_signals=False))
        try:
            await asyncio.sleep(0)
        except BaseException as error:  # There is no block then that could end it.
            await self.__aexit__(type(error), error)
            raise
        return self

    async def __aexit__(self, error: type[BaseException] | None, *_: object) -> None:
        closing = asyncio.ensure_future(self.close(force=error is not None))
        closing.add_done_callback(report_failure)
        # Not the closing: a loop that ends cancels that as well, and the store is closed next.
        if self._background is not None:
            await to_its_end(self._background, interrupted=self._give_back)

    def _give_back(self) -> None:
        """End every run, and with them the worker: what does not end soon is given up."""
        if self._is_forced or self._phase is _Phase.CLOSED:
            return
        self._is_forced = True
        self._phase = _Phase.STOPPING
        self._cycle.give_back()
        asyncio.get_running_loop().call_later(LAST_WORD_SECONDS, self._give_up)

    def _give_up(self) -> None:
        if self._working is not None and not self._working.done():
            self._cycle.give_up()
            self._working.cancel()

    async def _work(self) -> None:
        keeper = LeaseKeeper(
            worker_id=self.id,
            store=self._services.store,
            wakeup=self._services.wakeup,
            settings=self._settings,
            outage=self._services.outage,
            held=self._slots.held,
            unbegun=self._slots.held_unbegun,
            found=self._slots.note_renewal,
        )
        unsubscribe, scheduling = None, None
        try:
            keeper.start()
            unsubscribe = self._services.wakeup.subscribe(self._cycle.may_claim, self._cycle.wake)
            if self._scheduler is not None:
                self._scheduler.watch_renewals(lambda: keeper.is_behind)
                scheduling = asyncio.ensure_future(self._scheduler.run(gives_up=False))
            await self._tell(EventType.WORKER_STARTED)
            await self._cycle.run()
        finally:
            keeper.end_soon()
            if unsubscribe is not None:
                unsubscribe()
            if self._scheduler is not None:
                await self._scheduler.close()
            if not self._cycle.is_given_up:
                await self._wind_up(keeper, scheduling)

    async def _wind_up(self, keeper: LeaseKeeper, scheduling: asyncio.Task[None] | None) -> None:
        if scheduling is not None:
            await asyncio.gather(scheduling, return_exceptions=True)
        await keeper.stop()
        await self._reporter.close()
        with suppress(StoreNotOpen):
            await self._tell(EventType.WORKER_STOPPED)

    def _close_by_signal(self, count: int) -> None:
        tell_of_signal(count, self.active, self._settings.grace)
        closing = asyncio.ensure_future(self.close(force=count > 1))
        closing.add_done_callback(report_failure)

    def _watch(self) -> BlockedLoop | None:
        if self._end_program is None:
            return None
        try:
            return BlockedLoop(
                grace_seconds=self._settings.grace.total_seconds(),
                told=self._slots.told,
                give_back=self._cycle.give_back_apart,
                end=self._end_program,
            )
        except RuntimeError as error:
            raise StoreUnavailable(self._services.store.url, str(error)) from error

    async def _tell(self, type_: EventType) -> None:
        work = partial(tell_worker, kind=type_, worker=self.id, queues=self._rotation.queues)
        try:
            await self._services.store.transact(work)
        except StoreNotOpen:
            raise
        except Exception as error:  # noqa: BLE001 - the work matters more than this note
            _log.warning("%s was not recorded: %s", type_, error)
