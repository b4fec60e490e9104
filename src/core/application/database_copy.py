"""Moves a whole queue database into another one, and proves that both are the same."""

from __future__ import annotations

from collections.abc import Generator
from enum import StrEnum
from functools import partial
from typing import Final, TypeVar

import attrs

from ..domain.errors import InvalidOption
from ..domain.store_errors import CopyRefused, SourceChanged
from ..ports.archive import Contents, CopyStage, CopyState, Counters
from ..ports.store import Store, Work
from .checksum import Compared
from .comparison import Comparison
from .page_size import PageSize
from .use_cases import copy
from .use_cases.copy import Advance, Survey

T = TypeVar("T")

JOBS: Final = 1_000
"""Jobs of a batch at most: read in one snapshot, written in one transaction."""
EVENTS: Final = 5_000
"""Events of a batch; one weighs a fraction of a job."""


class Stage(StrEnum):
    """What a copy is at; each value is also the word for it."""

    JOBS = "copying jobs"
    EVENTS = "copying events"
    COMPARING = "comparing"


class Beginning(StrEnum):
    """What a copy made of what it found in its target."""

    NEW = "new"
    """It held nothing, or what was to be replaced."""
    RESUMED = "resumed"
    """The same copy, broken off: it goes on from there."""
    ANEW = "anew"
    """A copy, never finished, whose source has changed since: all is copied again."""
    COMPLETE = "complete"
    """The finished copy of the same source: there is nothing to copy."""


@attrs.frozen
class Step:
    """How far a stage has come, in jobs, events, or both together."""

    beginning: Beginning
    stage: Stage
    done: int
    total: int


@attrs.frozen
class Outcome:
    """What came of a copy; `jobs` and `events` are those that this run has written."""

    beginning: Beginning
    jobs: int
    events: int
    compared: tuple[Compared, ...]

    @property
    def is_same(self) -> bool:
        """Whether source and target hold the same, value by value."""
        return all(kind.is_same for kind in self.compared)


Steps = Generator[Step, None, T]


class DatabaseCopy:
    """Copies jobs with their logs, events, queues and counters from one open store to another.

    Everything is kept as it is: keys, ids, order, versions, tokens, leases, times. The source
    must be left alone meanwhile: that is noticed, not prevented. Broken off at any moment, the
    next run goes on behind the last batch.
    """

    def __init__(self, *, source: Store, target: Store) -> None:
        self._source = source
        self._target = target
        self._beginning = Beginning.NEW
        self._jobs = self._events = 0

    def run(self, *, replaces: bool = False) -> Steps[Outcome]:
        """Copy what is missing, then compare; tells each step that was taken.

        With `replaces` the target may hold something else, which is removed first. Raises
        `InvalidOption` where both are one database, `CopyRefused` where one of them is not
        fit for it, and `SourceChanged` as soon as the source has counted on.
        """
        there, here = self._source.read_sync(copy.survey), self._target.read_sync(copy.survey)
        self._require_fit(there, here)
        beginning = self._beginning = _beginning(there, here)
        if beginning is Beginning.NEW and not (replaces or here.contents.is_nothing):
            raise CopyRefused(self._target.url, _why_not(there, here))
        state = here.state
        if state is None or beginning in {Beginning.NEW, Beginning.ANEW}:
            state = self._begin(there, here)
        if beginning is not Beginning.COMPLETE:
            state = yield from self._copy_jobs(state, there.contents)
            state = yield from self._copy_events(state, there.contents)
        compared = yield from self._compare(there.contents)
        self._require_unchanged(state, self._source.read_sync(copy.read_counters))
        outcome = Outcome(beginning, self._jobs, self._events, compared)
        self._note(state, outcome)
        return outcome

    def _require_fit(self, there: Survey, here: Survey) -> None:
        if there.id == here.id:
            raise InvalidOption("target", "is the same database as the source")
        if there.is_half_a_copy:
            reason = "it is itself a copy that was begun and never finished"
            raise CopyRefused(self._source.url, reason)

    def _begin(self, there: Survey, here: Survey) -> CopyState:
        """Empty the target of what it was found to hold, and write the queues."""
        time = 1 if here.state is None else here.state.time + 1
        state = CopyState(there.id, there.counters, time)
        queues = self._source.read_sync(copy.read_queues)
        clears = not here.contents.is_nothing
        advance = self._advance(here.state, state)
        self._write(partial(copy.begin, queues=queues, advance=advance, clears=clears))
        return state

    def _copy_jobs(self, state: CopyState, contents: Contents) -> Steps[CopyState]:
        page_size, done = PageSize(JOBS), self._target.read_sync(copy.read_contents).jobs
        while True:
            read = partial(copy.read_jobs, after=state.key, limit=page_size.limit)
            jobs, counters = self._source.read_sync(read)
            self._require_unchanged(state, counters)
            yield Step(self._beginning, Stage.JOBS, done, contents.jobs)
            if not jobs:
                return state
            after = attrs.evolve(state, key=jobs[-1].job.key)
            advance = self._advance(state, after)
            self._write(partial(copy.take_jobs, jobs=jobs, advance=advance))
            page_size.note(jobs)
            state, done, self._jobs = after, done + len(jobs), self._jobs + len(jobs)

    def _copy_events(self, state: CopyState, contents: Contents) -> Steps[CopyState]:
        done = self._target.read_sync(copy.read_contents).events
        while True:
            read = partial(copy.read_events, after=state.event, limit=EVENTS)
            events, counters = self._source.read_sync(read)
            self._require_unchanged(state, counters)
            yield Step(self._beginning, Stage.EVENTS, done, contents.events)
            if not events:
                return state
            after = attrs.evolve(state, event=events[-1].id)
            advance = self._advance(state, after)
            self._write(partial(copy.take_events, events=events, advance=advance))
            state, done, self._events = after, done + len(events), self._events + len(events)

    def _compare(self, contents: Contents) -> Steps[tuple[Compared, ...]]:
        total = contents.jobs + contents.events
        comparing = Comparison(source=self._source, target=self._target).run()
        while True:
            try:
                done = next(comparing)
            except StopIteration as end:
                yield Step(self._beginning, Stage.COMPARING, total, total)
                compared: tuple[Compared, ...] = end.value
                return compared
            yield Step(self._beginning, Stage.COMPARING, done, total)

    def _note(self, state: CopyState, outcome: Outcome) -> None:
        """Remember how the comparison ended; a finished copy stays one."""
        if state.stage is not CopyStage.FINISHED:
            stage = CopyStage.FINISHED if outcome.is_same else CopyStage.SPOILT
            after = attrs.evolve(state, stage=stage)
            self._write(partial(copy.go_on, advance=self._advance(state, after)))

    def _advance(self, before: CopyState | None, after: CopyState) -> Advance:
        return Advance(before, after, self._target.url)

    def _write(self, work: Work[object]) -> None:
        """A unit on the target; done twice it is done once, so it may be lost in COMMIT."""
        self._target.transact_sync(work, is_repeatable=True)

    def _require_unchanged(self, state: CopyState, counters: Counters) -> None:
        if counters != state.counters:
            raise SourceChanged(
                self._source.url,
                "stop its workers and whatever adds jobs to it, then copy again",
            )


def _beginning(there: Survey, here: Survey) -> Beginning:
    """What there is to do; a target whose own events went on is nothing to go on with."""
    state = here.state
    if state is None or state.source != there.id or state.event != here.counters.event:
        return Beginning.NEW
    has_changed = state.counters != there.counters
    match state.stage:
        case CopyStage.FINISHED:
            return Beginning.NEW if has_changed else Beginning.COMPLETE
        case CopyStage.COPYING:
            return Beginning.ANEW if has_changed else Beginning.RESUMED
        case CopyStage.SPOILT:
            return Beginning.ANEW


def _why_not(there: Survey, here: Survey) -> str:
    """Why a target that is not empty takes no copy."""
    state, has = here.state, here.contents
    held = f"it holds {has.jobs:,} jobs, {has.events:,} events and {has.queues:,} queues"
    if state is not None and state.source == there.id:
        held = "it holds a copy of this source, and one of them has changed since"
    return f"{held}; name an empty database, or --replace what is there"
