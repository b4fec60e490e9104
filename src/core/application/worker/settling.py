"""Settling runs apart, where the database does not take the end of one of them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Final

import attrs

from ...domain.job.failure import ErrorInfo
from ...domain.job.outcome import Complete, Fail
from ...domain.job.retry import qualified_name
from ...domain.store_errors import StoreError
from ...ports.lease_repository import Held
from ...ports.store import Store
from ..apart import Apart
from ..doubt import Doubt
from ..trouble import Trouble, may_be_of_one
from ..use_cases.report import ProgressReport
from ..use_cases.settle import CycleResult, Settlement, WorkerCycle, run_cycle
from .execution.outcomes import Chance
from .run_table import RunTable

MOST_TOLD: Final = 500
"""Characters of the database's own words in the reason of a failed attempt."""

_log = logging.getLogger("errands.worker")


@attrs.frozen
class _Doubted:
    """A run whose end was refused alone, by an error that may be the store's."""

    run: Settlement
    error: Exception

    @property
    def held(self) -> Held:
        return self.run.held


class _Ended:
    """What has ended: `left` is not settled yet, and of that `doubted` was refused alone."""

    def __init__(
        self, settlements: Sequence[Settlement], reports: Sequence[ProgressReport]
    ) -> None:
        self.left = {settlement.held: settlement for settlement in settlements}
        self.doubted = dict[Held, _Doubted]()
        self.doubt = Doubt()
        self._progress = {report.held: report for report in reports}

    def reports(self, part: Sequence[Settlement]) -> list[ProgressReport]:
        """The last progress of these runs."""
        return [self._progress[run.held] for run in part if run.held in self._progress]

    def done(self, held: Held) -> None:
        """Note that a run needs nothing more."""
        del self.left[held]
        self.doubted.pop(held, None)

    def in_order(self) -> tuple[list[Settlement], list[ProgressReport]]:
        """What is left, with its progress, and what is in doubt behind the rest."""
        left = sorted(self.left.values(), key=lambda run: run.held in self.doubted)
        return left, self.reports(left)


class SettlingApart:
    """Writes what has ended in pieces, down to the run at fault, and claims nothing.

    Where the end of a run is refused alone, its last progress is left out; if that does not
    help, the run ends as a failed attempt instead; and where not even that is taken, the run is
    let go: its lease runs out as if its worker had been lost. The others are settled as they
    ended. Where the error may be the store's, nothing is given up before another run is taken:
    an end that comes too late is none, for nothing of its job is written.
    """

    def __init__(self, store: Store, slots: RunTable, chance: Chance) -> None:
        self._store = store
        self._slots = slots
        self._chance = chance

    async def settle(self, *, is_patient: bool) -> bool:
        """Settle all that has ended; whether the store took anything.

        What was not reached when the store fails in another way is kept for the next cycle, and
        what is in doubt behind it: others are to be tried first then.
        """
        ended = _Ended(*self._slots.take())
        try:
            await self._settle_parts(ended, is_patient=is_patient)
            for run in list(ended.doubted.values()):
                await self._end_doubted(run, ended, is_patient=is_patient)
                ended.done(run.held)
        finally:
            self._slots.put_back(*ended.in_order())
        return ended.doubt.has_taken

    async def _settle_parts(self, ended: _Ended, *, is_patient: bool) -> None:
        """Write parts, and end runs that are refused."""
        apart = Apart(list(ended.left.values()))
        for part in apart:
            error = await self._refusal(part, ended, is_patient=is_patient)
            if error is not None and apart.again(part, error):
                continue
            if error is not None and Trouble.of(error).is_doubtful:
                ended.doubted[part[0].held] = _Doubted(part[0], error)
                if ended.doubt.blames_store:
                    break
                continue
            if error is not None:
                await self._end(part[0], error, ended)
            for settlement in part:
                ended.done(settlement.held)

    async def _refusal(
        self, part: Sequence[Settlement], ended: _Ended, *, is_patient: bool
    ) -> Exception | None:
        """Write a part; the error where it may be one member's, None where there was none."""
        try:
            await self._write(part, ended.reports(part), ended.doubt)
        except Exception as error:
            is_of_one = ended.doubt.is_of_one(error, part, is_patient=is_patient)
            if not is_of_one and not ended.doubt.blames_store:
                raise
            return error
        return None

    async def _end_doubted(self, doubted: _Doubted, ended: _Ended, *, is_patient: bool) -> None:
        """End a run whose end met an error that may be the store's: by now it may be taken.

        Raises that error where nothing was taken yet, neither from another nor from this one.
        """
        run, error, doubt = doubted.run, doubted.error, ended.doubt
        if not doubt.has_taken and is_patient:
            raise error
        is_over = await self._is_over(run, ended, ended.reports([run]))
        if not is_over and not await self._end(run, error, ended, lets_go=doubt.has_taken):
            raise error

    async def _end(
        self, run: Settlement, error: Exception, ended: _Ended, *, lets_go: bool = True
    ) -> bool:
        """End a run whose end was refused in the best way that is taken; whether it is over."""
        failed = attrs.evolve(run, outcome=refused(run, error, self._chance))
        if ended.reports([run]) and await self._is_over(run, ended):
            _log.error("job %s: its last progress was not written: %s", run.job.ref, error)
        elif await self._is_over(failed, ended):
            _log.error("job %s: its end was not written, so it failed: %s", run.job.ref, error)
        elif lets_go:
            self._let_go(run, error)
        else:
            return False
        return True

    def _let_go(self, run: Settlement, error: Exception) -> None:
        self._slots.settled([run], CycleResult([], [], [], [], []))
        _log.error(
            "job %s: neither its end nor that it failed was written, so its lease runs out "
            "and it runs again: %s",
            run.job.ref,
            error,
        )

    async def _is_over(
        self, run: Settlement, ended: _Ended, reports: Sequence[ProgressReport] = ()
    ) -> bool:
        """Try this end; whether it was not refused."""
        try:
            await self._write([run], reports, ended.doubt)
        except Exception as error:
            if not may_be_of_one(error):
                raise
            return False
        return True

    async def _write(
        self, runs: Sequence[Settlement], reports: Sequence[ProgressReport], doubt: Doubt
    ) -> None:
        cycle = WorkerCycle(settlements=tuple(runs), reports=tuple(reports))
        result = await self._store.transact(partial(run_cycle, cycle=cycle))
        if len(result.rejected) + len(result.stale) < len(runs):
            doubt.taken()
        self._slots.settled(runs, result)


def refused(run: Settlement, error: Exception, chance: Chance) -> Fail:
    """The outcome of a run whose own the database does not take: a failed attempt.

    Its texts are plain and short, so that this one is taken. A run that had failed keeps what
    was said of its next attempt.
    """
    told = error.detail if isinstance(error, StoreError) else str(error)
    plain = told.encode("ascii", "backslashreplace").decode()[:MOST_TOLD]
    what = "result" if isinstance(run.outcome, Complete) else "end"
    info = ErrorInfo.of(
        qualified_name(type(error)), f"the database does not take its {what}: {plain}"
    )
    if isinstance(run.outcome, Fail):
        return attrs.evolve(run.outcome, error=info)
    return Fail(info, chance=chance())
