"""The worker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from enum import Enum, auto
from functools import partial
from typing import Final, Self

from ...domain.errors import WorkerStateError
from ...domain.events import MAKES_CLAIMABLE, EventType, Hint
from ...domain.job.durations import Duration, duration
from ...domain.job.identity import checked_name
from ...domain.job.lease import Claim
from ...ports.executor import Executor
from ..registry import HandlerRegistry
from ..scheduler import QueueScheduler
from ..services import Services
from ..signal import Signal
from ..use_cases.look import claimable
from ..use_cases.report import tell_worker
from ..use_cases.settle import Turned, Turnover, turn_over
from .choice import Choice
from .lease_keeper import LeaseKeeper
from .outcomes import Chance
from .reporter import Reporter
from .run import Stop
from .settings import WorkerSettings
from .shutdown import on_signals, report_failure
from .slots import Slots, warn_of_unreadable
from .tools import Tools

AFTER_ERROR: Final = (0.05, 2.0)
"""The first and the longest pause after the store has failed, in seconds."""
IDLE_LONG: Final = 10
"""Empty polls in a row after which a worker polls more rarely."""

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
    ) -> None:
        self.id = services.ids.worker_id()
        self._choice = Choice([checked_name(queue, "queue") for queue in queues])
        self._services = services
        self._settings = settings
        self._concurrency = settings.concurrency
        self._scheduler = scheduler
        self._chance = chance
        self._reporter = Reporter(store=services.store)
        tools = Tools(
            store=services.store,
            codec=services.codec,
            executor=executor,
            registry=registry,
            reporter=self._reporter,
            settings=settings,
            chance=chance,
        )
        self._slots = Slots(tools, changed=self._wake)
        self._phase = _Phase.NEW
        self._is_paused = False
        self._is_forced = False
        self._is_told = False
        self._signal: Signal | None = None
        self._finished: asyncio.Event | None = None
        self._background: asyncio.Task[None] | None = None
        self._unsure: tuple[Claim, ...] = ()
        self._empty_polls = 0

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues it serves."""
        return tuple(self._choice.queues)

    @property
    def active(self) -> int:
        """Runs under way."""
        return self._slots.taken

    @property
    def is_running(self) -> bool:
        """Whether it has begun and not ended."""
        return self._phase in (_Phase.RUNNING, _Phase.STOPPING)

    @property
    def is_healthy(self) -> bool:
        """Whether it runs, and not every slot is held by a run that was given up."""
        return self.is_running and self._slots.abandoned < self._concurrency

    @property
    def concurrency(self) -> int:
        """How many jobs run at once; may be changed at any time."""
        return self._concurrency

    @concurrency.setter
    def concurrency(self, value: int) -> None:
        self._concurrency = WorkerSettings(concurrency=value).concurrency
        self._wake()

    async def run(self, *, handle_signals: bool = True) -> None:
        """Work until closed. Raises `WorkerStateError` if it ran before.

        SIGTERM and SIGINT close it gracefully, a second one by force; without
        `handle_signals`, or outside the main thread, they are left alone. Being cancelled
        closes it by force.
        """
        if self._phase is not _Phase.NEW:
            raise WorkerStateError(f"worker {self.id} was run before")
        self._phase = _Phase.RUNNING
        self._signal = Signal()
        self._finished = asyncio.Event()
        try:
            with on_signals(self._close_by_signal, enabled=handle_signals):
                await self._work_unless_cancelled()
        finally:
            self._phase = _Phase.CLOSED
            self._finished.set()

    async def close(self, grace: Duration | None = None, *, force: bool = False) -> None:
        """Stop: claim nothing more, wait for active runs, then give back what still runs.

        Leases are renewed while it waits, at most `grace` (default: the settings'). With
        `force` runs are cancelled and given back at once, which counts no attempt and no
        crash. Returns when the worker has ended; harmless when repeated.
        """
        limit = self._settings.grace if grace is None else duration(grace, "grace")
        if self._phase is _Phase.NEW:
            self._phase = _Phase.CLOSED
        if self._phase is _Phase.CLOSED or self._finished is None:
            return
        self._phase = _Phase.STOPPING
        self._wake()
        seconds = 0.0 if force else limit.total_seconds()
        try:
            await asyncio.wait_for(self._finished.wait(), seconds)
        except TimeoutError:
            self._give_back()
            await self._finished.wait()

    async def pause(self, *, wait: bool = True) -> None:
        """Claim nothing more in this worker; with `wait`, return when active runs are done."""
        self._is_paused = True
        if wait and self.is_running:
            await self._slots.idle.wait()

    def resume(self) -> None:
        """Claim again."""
        self._is_paused = False
        self._wake()

    async def __aenter__(self) -> Self:
        self._background = asyncio.ensure_future(self.run(handle_signals=False))
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, error: type[BaseException] | None, *_: object) -> None:
        await self.close(force=error is not None)
        if self._background is not None:
            await self._background

    def _give_back(self) -> None:
        """End every run at once, also those of a claim that is under way."""
        self._phase = _Phase.STOPPING
        self._is_forced = True
        self._slots.stop_all(Stop.RELEASE)
        self._wake()

    async def _work_unless_cancelled(self) -> None:
        """Let what is under way end all the same: its jobs would be left to their leases."""
        working = asyncio.ensure_future(self._work())
        try:
            await asyncio.shield(working)
        except asyncio.CancelledError:
            self._give_back()
            await working
            raise

    async def _work(self) -> None:
        keeper = LeaseKeeper(
            worker_id=self.id,
            store=self._services.store,
            wakeup=self._services.wakeup,
            settings=self._settings,
            held=self._slots.held,
            found=self._slots.note_renewal,
        )
        unsubscribe = self._services.wakeup.subscribe(self._may_claim, self._wake)
        scheduling = None
        if self._scheduler is not None:
            scheduling = asyncio.ensure_future(self._scheduler.run())
        keeper.start()
        try:
            await self._tell(EventType.WORKER_STARTED)
            await self._turn_until_stopped()
        finally:
            unsubscribe()
            if self._scheduler is not None and scheduling is not None:
                await self._scheduler.close()
                await asyncio.gather(scheduling, return_exceptions=True)
            await keeper.stop()
            await self._reporter.close()
            await self._tell(EventType.WORKER_STOPPED)

    async def _turn_until_stopped(self) -> None:
        """The main loop. A store that fails costs a growing pause, never the worker.

        Only a forced stop gives up on a store that keeps failing: the leases then end by
        themselves.
        """
        pause, longest = AFTER_ERROR
        while not self._is_done:
            try:
                await self._turn()
            except Exception as error:  # noqa: BLE001 - a failing store must not end the worker
                _log.warning("the store failed, trying again: %s", error, exc_info=True)
                if self._is_forced and pause >= longest:
                    _log.error("stopped without giving back %d jobs", len(self._slots.held))
                    return
                await asyncio.sleep(pause * (1 - self._chance() / 2))
                pause = min(pause * 2, longest)
                continue
            pause = AFTER_ERROR[0]
            if not self._is_done:
                await self._rest()

    @property
    def _is_done(self) -> bool:
        return self._phase is _Phase.STOPPING and self._slots.is_idle and not self._unsure

    async def _turn(self) -> None:
        """Settle what has ended and claim what fits."""
        settlements, reports = self._slots.take()
        free, claims = self._free(), tuple[Claim, ...]()
        is_told, self._is_told = self._is_told, False
        has_to = bool(settlements or self._unsure)
        try:
            if free:
                claims = self._claims(free, await self._sought(free, is_sure=has_to or is_told))
            if not has_to and not claims:
                return
            turn = Turnover(
                settlements=settlements,
                reports=reports,
                claims=claims,
                unsure=self._unsure,
                free=free,
                worked=dict(self._slots.worked),
            )
            turned = await self._services.store.transact(partial(turn_over, turn=turn))
        except BaseException:
            self._slots.put_back(settlements, reports)
            self._unsure += claims
            raise
        self._unsure = ()
        self._slots.settled(settlements, turned)
        self._start(turned, free)

    def _start(self, turned: Turned, free: int) -> None:
        if len(turned.claimed) + len(turned.put_off) < free:
            for queue in set(self._slots.worked) - {job.queue for job in turned.claimed}:
                del self._slots.worked[queue]
        if turned.claimed:
            self._empty_polls = 0
        for job in turned.claimed:
            self._slots.start(job)
        if self._is_forced:
            self._slots.stop_all(Stop.RELEASE)
        if turned.put_off:
            warn_of_unreadable(turned.put_off)
            self._is_told = True
            self._wake()

    async def _sought(self, free: int, *, is_sure: bool) -> list[str]:
        """The queues to claim from; none where a look, which takes no write lock, sees no work."""
        order = self._choice.turned()
        if is_sure and not self._choice.are_many:
            return order
        most = free if self._choice.are_many else 1
        ready = await self._services.store.read(partial(claimable, queues=order, most=most))
        if not ready:
            self._empty_polls += 1
        return self._choice.sought(order, ready, self._slots.worked)

    def _free(self) -> int:
        if self._phase is not _Phase.RUNNING or self._is_paused:
            return 0
        return max(0, self._concurrency - self._slots.taken)

    def _claims(self, free: int, queues: Sequence[str]) -> tuple[Claim, ...]:
        return tuple(
            Claim(queue, free, self.id, self._services.ids.token(), self._settings.lease)
            for queue in queues
        )

    async def _rest(self) -> None:
        if self._signal is None:
            return
        is_idle_long = self._empty_polls > IDLE_LONG
        poll = self._settings.idle_poll if is_idle_long else self._settings.poll
        await self._signal.wait(poll.total_seconds())

    def _wake(self) -> None:
        if self._signal is not None:
            self._signal.set()

    def _may_claim(self, hint: Hint) -> bool:
        """Whether a hint of this process is one of work; it then saves the look."""
        is_work = hint.type in MAKES_CLAIMABLE and hint.queue in self._choice
        self._is_told = self._is_told or is_work
        return is_work

    def _close_by_signal(self, count: int) -> None:
        closing = asyncio.ensure_future(self.close(force=count > 1))
        closing.add_done_callback(report_failure)

    async def _tell(self, type_: EventType) -> None:
        work = partial(tell_worker, kind=type_, worker=self.id, queues=self._choice.queues)
        try:
            await self._services.store.transact(work)
        except Exception as error:  # noqa: BLE001 - the work matters more than this note
            _log.warning("%s was not recorded: %s", type_, error)
