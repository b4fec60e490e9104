"""Keeps the leases of a worker's runs, from a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import attrs

from ...domain.events import EventType, Hint
from ...domain.store_errors import StoreUnavailable
from ...ports.lease_repository import Held, Renewal
from ...ports.store import Store
from ...ports.wakeup import Wakeup
from ..apart import Apart
from ..doubt import Doubt
from ..log_apart import LAST_LINES_SECONDS, LogApart
from ..outage import Outage
from ..thread_wake_event import ThreadWakeEvent
from ..trouble import Complaint
from ..use_cases.report import flagged, renew
from .settings import WorkerSettings

BETWEEN_LOOKS: Final = 0.02
"""The shortest time between two looks for cancel requests, in seconds."""
TRIES: Final = 10
"""So often a renewal that fails is tried in the time from one to the next."""

Found = Callable[[Renewal], None]


class LeaseKeeper:
    """Renews all leases of a worker in one statement, and looks for cancel requests.

    Its own thread goes on while a handler blocks the event loop, as long as that handler
    lets go of the GIL; also for what was claimed before, and cannot begin. A renewal that fails
    is tried again soon, and told in the log; a lease is lost only when a write has taken it.
    Where the database refuses one renewal, the others are made apart, and from then on before
    it. A log that hangs keeps nothing from being renewed.
    """

    def __init__(
        self,
        *,
        worker_id: str,
        store: Store,
        wakeup: Wakeup,
        settings: WorkerSettings,
        outage: Outage,
        held: Mapping[int, Held],
        unbegun: Callable[[], Sequence[Held]],
        found: Found,
    ) -> None:
        self._worker_id = worker_id
        self._store = store
        self._wakeup = wakeup
        self._lease = settings.lease
        self._renewal = settings.renewal.total_seconds()
        self._held = held
        self._unbegun = unbegun
        self._found = found
        self._log = LogApart(logging.getLogger("errands.worker"))
        self._complaint = Complaint(self._log, "leases were not renewed", outage=outage)
        self._nudge = ThreadWakeEvent()
        self._end = ThreadWakeEvent()
        self._is_ending = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._is_loop_late = False
        self._ended = asyncio.Event()
        self._due = time.monotonic() + self._renewal
        self._all_due = self._due
        self._has_failed = False
        self._locked: frozenset[Held] = frozenset()
        self._refused = set[Held]()

    @property
    def is_behind(self) -> bool:
        """Whether the last renewal has failed, or the next one is late or waits; any thread."""
        return self._has_failed or time.monotonic() > self._due + self._renewal / 2

    def start(self) -> None:
        """Begin; what is found is told to the running event loop.

        Raises `StoreUnavailable` where no thread is to be had.
        """
        self._loop = asyncio.get_running_loop()
        thread = threading.Thread(target=self._work, name="errands-leases", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            raise StoreUnavailable(self._store.url, str(error)) from error
        self._thread = thread

    def end_soon(self) -> None:
        """Renew no more; does not wait for what is under way."""
        self._is_ending = True
        self._end.set()
        self._nudge.set()

    async def stop(self) -> None:
        """End the thread and wait for it."""
        self.end_soon()
        if self._thread is not None:
            await self._ended.wait()
            self._thread.join()

    @property
    def _is_over(self) -> bool:
        """Whether its worker has ended, or its loop: a worker that was cut off tells nobody."""
        return self._is_ending or self._loop is None or self._loop.is_closed()

    def _work(self) -> None:
        try:
            self._keep()
            self._complaint.leave()
            self._log.flush(LAST_LINES_SECONDS)
        finally:
            self._call_loop(self._ended.set)

    def _keep(self) -> None:
        unsubscribe = self._wakeup.subscribe(_is_cancel, self._nudge.set)
        self._due = time.monotonic() + self._renewal
        try:
            while True:
                is_nudged = self._nudge.wait(self._due - time.monotonic())
                if self._is_over:
                    return
                if (began := time.monotonic()) >= self._due:
                    self._has_failed = not self._renew()
                    if not self._has_failed and not self._refused:
                        self._complaint.over()
                    self._due = began + self._renewal
                    if self._has_failed:
                        self._due = time.monotonic() + self._renewal / TRIES
                elif is_nudged and self._held:
                    self._look()
                    self._end.wait(BETWEEN_LOOKS)
        finally:
            unsubscribe()

    def _renew(self) -> bool:
        """Renew and tell what was found; whether the database has answered for all leases."""
        self._watch_loop()
        self._all_due = time.monotonic() + self._renewal
        unbegun = frozenset(self._unbegun())  # Before the others: it may become one of them.
        held = list(self._held.values())
        held += unbegun.difference(held)
        self._refused.intersection_update(held)
        if not held:
            return True
        steady = [each for each in held if each not in self._refused]
        apart, doubt = Apart(steady, *([each] for each in held if each in self._refused)), Doubt()
        locked = set[Held]()
        for part in apart:
            if not self._has_time_for(part, doubt):
                continue
            try:
                work = partial(renew, held=part, lease=self._lease)
                found = self._store.transact_sync(work, urgent=True)
            except Exception as error:  # noqa: BLE001 - the handlers go on, and so must this thread
                may_be_of_one = doubt.is_of_one(error, part)
                if may_be_of_one and apart.again(part, error):
                    continue
                self._complaint.say(error)
                if not may_be_of_one:
                    return False
                self._refused.update(part)
            else:
                doubt.taken()
                self._refused.difference_update(part)
                locked |= found.locked
                # A claim that is not committed yet is not lost.
                self._tell(attrs.evolve(found, lost=found.lost - unbegun))
        self._warn_of_locks(frozenset(locked))
        return not doubt.is_left

    def _has_time_for(self, part: Sequence[Held], doubt: Doubt) -> bool:
        """Whether to renew it now: what was refused before must not make the others late."""
        now = time.monotonic()
        if not doubt.has_taken or not self._refused.issuperset(part):
            return True
        self._due = now + self._renewal
        return now < self._all_due

    def _warn_of_locks(self, locked: frozenset[Held]) -> None:
        """Say that jobs were locked in two renewals, one after the other."""
        before, self._locked = self._locked, locked
        if locked & before:
            self._log.warning(
                "%d jobs run whose rows other transactions have kept locked for %.0f s and more",
                len(locked & before),
                self._renewal,
            )

    def _look(self) -> None:
        try:
            found = self._store.read_sync(partial(flagged, worker=self._worker_id))
        except Exception as error:  # noqa: BLE001 - the next renewal looks again
            self._log.warning("cancel requests were not read: %s", error)
            return
        self._tell(Renewal(frozenset(), found))

    def _tell(self, found: Renewal) -> None:
        if (found.lost or found.flagged) and self._loop is not None:
            self._call_loop(lambda: self._found(found))

    def _watch_loop(self) -> None:
        """Warn where the event loop has not turned since the last renewal."""
        if self._is_loop_late:
            self._log.warning(
                "the event loop has been blocked for %.0f s; a handler that computes should be "
                "a plain function, which runs in a thread",
                self._renewal,
            )
        self._is_loop_late = True
        self._call_loop(self._loop_turned)

    def _loop_turned(self) -> None:
        self._is_loop_late = False

    def _call_loop(self, call: Callable[[], None]) -> None:
        if self._loop is None or self._loop.is_closed():
            return
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:
            return


def _is_cancel(hint: Hint) -> bool:
    return hint.type is EventType.CANCEL_REQUESTED
