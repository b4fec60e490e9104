"""Holds two stores against each other, value by value."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial
from itertools import zip_longest
from typing import Final

from ..domain.events import Event
from ..ports.archive import ArchivedJob
from ..ports.store import Store
from .checksum import Compared, Scales
from .page_size import PageSize
from .use_cases import copy

JOBS: Final = 1_000
EVENTS: Final = 5_000
"""How many are read in one snapshot, and told of."""


class Comparison:
    """Compares all that a copy takes along. `done` jobs and events have been looked at so far."""

    def __init__(self, *, source: Store, target: Store) -> None:
        self._source = source
        self._target = target

    def run(self) -> Generator[int, None, tuple[Compared, ...]]:
        """Compare each kind, telling how many jobs and events have been compared by then."""
        jobs, lines = Scales("jobs"), Scales("log lines")
        done = 0
        for done, (one, other) in enumerate(self._pairs_of_jobs(), start=1):
            _weigh_job(one, other, jobs, lines)
            if not done % JOBS:
                yield done
        events = Scales("events")
        for told, (event, copied) in enumerate(self._pairs_of_events(), start=1):
            found = event or copied
            events.weigh(f"event {found.id if found else 0}", event, copied)
            if not told % EVENTS:
                yield done + told
        return jobs.result, lines.result, events.result, self._queues(), self._sequences()

    def _pairs_of_jobs(self) -> Iterator[tuple[ArchivedJob | None, ArchivedJob | None]]:
        return zip_longest(_jobs(self._source), _jobs(self._target))

    def _pairs_of_events(self) -> Iterator[tuple[Event | None, Event | None]]:
        return zip_longest(_events(self._source), _events(self._target))

    def _queues(self) -> Compared:
        scales = Scales("queues")
        source = self._source.read_sync(copy.read_queues)
        target = self._target.read_sync(copy.read_queues)
        for one, other in zip_longest(source, target):
            found = one or other
            scales.weigh(found.name if found else "", one, other)
        return scales.result

    def _sequences(self) -> Compared:
        """The target may have counted further: what matters is that it never goes back."""
        source = self._source.read_sync(copy.read_counters).sequence
        target = self._target.read_sync(copy.read_counters).sequence
        difference = None if target >= source else f"sequence {target + 1}"
        return Compared("highest sequence", source, target, "", "", difference)


def _weigh_job(
    one: ArchivedJob | None, other: ArchivedJob | None, jobs: Scales, lines: Scales
) -> None:
    found = one or other
    name = str(found.job.ref) if found else ""
    jobs.weigh(name, one and one.job, other and other.job)
    for line, copied in zip_longest(one.lines if one else (), other.lines if other else ()):
        lines.weigh(name, line, copied)


def _jobs(store: Store) -> Iterator[ArchivedJob]:
    """All jobs of a store, page by page."""
    page_size, after = PageSize(JOBS), 0
    while True:
        page, _ = store.read_sync(partial(copy.read_jobs, after=after, limit=page_size.limit))
        if not page:
            return
        yield from page
        page_size.note(page)
        after = page[-1].job.key


def _events(store: Store) -> Iterator[Event]:
    """All events of a store, page by page."""
    after = 0
    while True:
        page, _ = store.read_sync(partial(copy.read_events, after=after, limit=EVENTS))
        if not page:
            return
        yield from page
        after = page[-1].id
