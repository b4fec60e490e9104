"""The cycle of a worker: settle what has ended, claim what fits, and rest."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from typing import Final

from ...domain.events import MAKES_CLAIMABLE, Hint
from ...domain.job.lease import Claim
from ...domain.store_errors import StoreNotOpen
from ..backoff import AFTER_ERROR
from ..services import Services
from ..trouble import Complaint, Trouble, may_be_of_one
from ..use_cases.read import claimable
from ..use_cases.settle import CycleResult, WorkerCycle
from ..wake_event import WakeEvent
from .execution.outcomes import Chance
from .execution.run import Stop
from .execution.run_dependencies import RunDependencies
from .giving_back import give_back_apart
from .queue_rotation import QueueRotation
from .run_table import RunTable, warn_of_unreadable
from .settings import WorkerSettings
from .settling import SettlingApart

PATIENT_TRIES: Final = 6
"""So many cycles in a row that the server has answered with an error are tried again as they are;
one where the worker has to end at once."""
IDLE_LONG: Final = 10
"""Empty polls in a row after which a worker polls more rarely."""

_log = logging.getLogger("errands.worker")


class CycleLoop:
    """Runs cycles until it is stopped and nothing is left to settle.

    A cycle is one transaction; where the database does not take the end of one run, the others
    are settled apart from it. `concurrency` bounds the runs at once; while `is_paused`, and
    once stopping, nothing is claimed.
    """

    def __init__(
        self,
        worker_id: str,
        rotation: QueueRotation,
        *,
        services: Services,
        settings: WorkerSettings,
        tools: RunDependencies,
        chance: Chance,
    ) -> None:
        self._worker_id = worker_id
        self._rotation = rotation
        self._services = services
        self._settings = settings
        self._chance = chance
        self.slots = RunTable(tools, changed=self.wake)
        self._apart = SettlingApart(services.store, self.slots, chance)
        self._complaint = Complaint(_log, "the store failed", outage=services.outage)
        self.concurrency = settings.concurrency
        self.is_paused = False
        self.is_given_up = False
        self._is_stopping = False
        self._is_forced = False
        self._is_told = False
        self._signal: WakeEvent | None = None
        self._unanswered: tuple[Claim, ...] = ()
        self._being_claimed: tuple[Claim, ...] = ()
        self._alone_in: list[str] = []
        self._empty_polls = 0

    def prepare(self) -> None:
        """Belong to the running event loop: from now on it can be woken."""
        self._signal = WakeEvent()

    async def run(self) -> None:
        """Turn until stopped. A store that fails for a while costs growing pauses.

        One that was closed ends it: raises `StoreNotOpen`. So does one that has refused
        everything, in a way that does not pass, for the length of a lease: by then nothing that
        runs here is surely its own. A forced stop gives up on a store that keeps failing: the
        leases then end by themselves. Being cancelled forces it to stop, and is raised when
        what it had is given back.
        """
        interrupted: BaseException | None = None
        while not self._is_done:
            try:
                await self._cycle_until_stopped()
                break
            except StoreNotOpen as error:
                self.slots.stop_all(Stop.RELEASE)
                _log.error("stopped without giving back %d jobs: %s", len(self.slots.held), error)
                raise
            except (asyncio.CancelledError, KeyboardInterrupt, SystemExit) as error:
                if self.is_given_up:
                    raise
                interrupted = interrupted or error
                self.give_back()
        if interrupted is not None:
            raise interrupted

    async def _cycle_until_stopped(self) -> None:
        (pause, longest), answered = AFTER_ERROR, 0
        while not self._is_done:
            try:
                tries = 1 if self._is_forced else PATIENT_TRIES
                await self._cycle_or_settle_apart(is_patient=answered < tries)
            except StoreNotOpen:
                raise
            except Exception as error:  # noqa: BLE001 - a failing store must not end the worker
                answered = 0 if Trouble.of(error) is Trouble.PASSING else answered + 1
                self._complaint.say(error)
                self._give_up_on(error)
                if self._is_forced and pause >= longest:
                    _log.error("stopped without giving back %d jobs", len(self.slots.held))
                    return
                await asyncio.sleep(pause * (1 - self._chance() / 2))
                pause = min(pause * 2, longest)
                continue
            pause, answered = AFTER_ERROR[0], 0
            if not self._is_done:
                await self._rest()

    def stop(self) -> None:
        """Claim nothing more, and end when what runs has ended and is settled."""
        self._is_stopping = True
        self.wake()

    def give_back(self) -> None:
        """End every run at once, also those of a claim that is under way."""
        self._is_stopping = True
        self._is_forced = True
        self.slots.stop_all(Stop.RELEASE)
        self.wake()

    def give_back_apart(self) -> None:
        """Give all back from another thread, where the event loop is blocked."""
        self._is_stopping = True
        unanswered_claims = (*self._unanswered, *self._being_claimed)
        give_back_apart(self._services.store, self.slots.given_back(), unanswered_claims)

    def give_up(self) -> None:
        """Be ended by the next cancel, whatever is left: there was time enough to give it back."""
        self.is_given_up = True
        if self.slots.held:
            _log.error(
                "stopped without giving back %d jobs: the store did not answer",
                len(self.slots.held),
            )

    def wake(self) -> None:
        """Turn again soon; from any thread."""
        if self._signal is not None:
            self._signal.set()

    def may_claim(self, hint: Hint) -> bool:
        """Whether a hint of this process is one of work; it then saves the look."""
        is_work = hint.type in MAKES_CLAIMABLE and hint.queue in self._rotation
        self._is_told = self._is_told or is_work
        return is_work

    @property
    def _is_done(self) -> bool:
        return self._is_stopping and self.slots.is_idle and not self._unanswered

    def _give_up_on(self, error: Exception) -> None:
        """Raise an error that has lasted for too long."""
        if self._complaint.lasts_seconds < self._settings.lease.total_seconds():
            return
        _log.error("nothing can be done here; the worker ends: %s", error)
        self.slots.stop_all(Stop.RELEASE)
        raise error

    async def _cycle_or_settle_apart(self, *, is_patient: bool) -> None:
        """A cycle; where the database does not take what one run came to, settle them apart."""
        if self.is_paused and self.slots.is_idle:  # Nothing else would find that it was closed.
            await self._services.store.read(lambda _: None)
        try:
            await self._run_cycle()
        except Exception as error:
            if not self.slots.unsettled or not may_be_of_one(error, is_patient=is_patient):
                raise
            await self._settle_apart(is_patient=is_patient)

    async def _settle_apart(self, *, is_patient: bool) -> None:
        """Settle apart; where nothing is taken, claim all the same: the next end may be."""
        try:
            if await self._apart.settle(is_patient=is_patient):
                self._complaint.over()
        except Exception as error:
            is_doubtful = Trouble.of(error).is_doubtful and not is_patient
            if not is_doubtful or not await self._run_cycle(settles=False):
                raise

    async def _run_cycle(self, *, settles: bool = True) -> bool:
        """Settle what has ended and claim what fits; whether anything was settled or claimed."""
        settlements, reports = self.slots.take() if settles else ((), ())
        free, claims = self._free(), tuple[Claim, ...]()
        is_told, self._is_told = self._is_told, False
        has_to = bool(settlements or self._unanswered)
        try:
            if free:
                is_sure = has_to or is_told
                to_claim = self._alone_in or await self._to_claim(free, is_sure=is_sure)
                claims = self._claims(free, to_claim)
            if not has_to and not claims:
                if free and settles:
                    self._complaint.over()
                return False
            cycle = WorkerCycle(
                settlements=settlements,
                reports=reports,
                claims=claims,
                unanswered_claims=self._unanswered,
                free=free,
                is_busy=self.slots.is_running,
                worked=dict(self.slots.worked),
            )
            self._being_claimed = claims
            result = await self._services.store.transact(partial(self.slots.run_cycle, cycle=cycle))
        except BaseException as error:
            self.slots.put_back(settlements, reports)
            if Trouble.of(error) is not Trouble.REFUSAL:
                self._unanswered = self._unanswered or claims[:1]
            raise
        self._unanswered = self._being_claimed = ()
        if settles or result.claimed:
            self._complaint.over()
        self.slots.settled(settlements, result)
        if result.held_back or (free and self._alone_in):
            self._note_held_back(result)
        self._start(result, free)
        return bool(settlements or result.claimed)

    def _note_held_back(self, result: CycleResult) -> None:
        """Empty the slots for what has to run alone; afterwards look at all queues again."""
        before, self._alone_in = self._alone_in, sorted({job.queue for job in result.held_back})
        if before and not self._alone_in:
            self._is_told = True
            self.wake()

    def _start(self, result: CycleResult, free: int) -> None:
        if len(result.claimed) + len(result.put_off) + len(result.held_back) < free:
            for queue in set(self.slots.worked) - {job.queue for job in result.claimed}:
                del self.slots.worked[queue]
        if result.claimed:
            self._empty_polls = 0
        for job in result.claimed:
            self.slots.start(job)
        self.slots.unbegun = ()
        if self._is_forced:
            self.slots.stop_all(Stop.RELEASE)
        if result.put_off:
            warn_of_unreadable(result.put_off)
            self._is_told = True
            self.wake()

    async def _to_claim(self, free: int, *, is_sure: bool) -> list[str]:
        """The queues to claim from; none where a look, which takes no write lock, sees no work."""
        order = self._rotation.rotated()
        if is_sure and not self._rotation.are_many:
            return order
        most = free if self._rotation.are_many else 1
        ready = await self._services.store.read(partial(claimable, queues=order, most=most))
        if not ready:
            self._empty_polls += 1
        return self._rotation.to_claim(order, ready, self.slots.worked)

    def _free(self) -> int:
        if self._is_stopping or self.is_paused:
            return 0
        free = max(0, self.concurrency - self.slots.taken - self.slots.unsettled)
        if self.slots.runs_suspect or (self._alone_in and self.slots.is_running):
            return 0
        return min(free, 1) if self._alone_in else free

    def _claims(self, free: int, queues: Sequence[str]) -> tuple[Claim, ...]:
        """Claims under one token; under the same again while it is not known what one has got.

        So there is one token in doubt, however long the store is away.
        """
        token = self._unanswered[0].token if self._unanswered else self._services.ids.token()
        worker, lease = self._worker_id, self._settings.lease
        return tuple(Claim(queue, free, worker, token, lease) for queue in queues)

    async def _rest(self) -> None:
        if self._signal is None:
            return
        is_idle_long = self._empty_polls > IDLE_LONG
        poll = self._settings.idle_poll if is_idle_long else self._settings.poll
        await self._signal.wait(poll.total_seconds())
