"""Keeps the leases of a worker's runs, from a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from ...domain.events import EventType, Hint
from ...ports.lease_repository import Held, Renewal
from ...ports.store import Store
from ...ports.wakeup import Wakeup
from ..use_cases.report import flagged, renew
from .settings import WorkerSettings

BETWEEN_LOOKS: Final = 0.02
"""The shortest time between two looks for cancel requests, in seconds."""

_log = logging.getLogger("errands.worker")
Found = Callable[[Renewal], None]


class LeaseKeeper:
    """Renews all leases of a worker in one statement, and looks for cancel requests.

    Its own thread goes on while a handler blocks the event loop, as long as that handler
    lets go of the GIL. A renewal that fails is tried again soon, and warned about; a lease
    is lost only when a write has taken it.
    """

    def __init__(
        self,
        *,
        worker_id: str,
        store: Store,
        wakeup: Wakeup,
        settings: WorkerSettings,
        held: Mapping[int, Held],
        found: Found,
    ) -> None:
        self._worker_id = worker_id
        self._store = store
        self._wakeup = wakeup
        self._lease = settings.lease
        self._renewal = settings.renewal.total_seconds()
        self._held = held
        self._found = found
        self._nudge = threading.Event()
        self._stopped = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._is_loop_late = False
        self._ended = asyncio.Event()

    def start(self) -> None:
        """Begin; what is found is told to the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work, name="errands-leases", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """End the thread and wait for it."""
        self._stopped.set()
        self._nudge.set()
        if self._thread is not None:
            await self._ended.wait()
            self._thread.join()

    def _work(self) -> None:
        try:
            self._keep()
        finally:
            self._call_loop(self._ended.set)

    def _keep(self) -> None:
        unsubscribe = self._wakeup.subscribe(_is_cancel, self._nudge.set)
        due = time.monotonic() + self._renewal
        try:
            while not self._stopped.is_set():
                is_nudged = self._nudge.wait(max(0.0, due - time.monotonic()))
                self._nudge.clear()
                if time.monotonic() >= due:
                    due = time.monotonic() + self._renew()
                elif is_nudged and self._held:
                    self._look()
                    self._stopped.wait(BETWEEN_LOOKS)
        finally:
            unsubscribe()

    def _renew(self) -> float:
        """Renew and tell what was found; seconds until the next renewal."""
        self._watch_loop()
        held = list(self._held.values())
        if not held:
            return self._renewal
        try:
            work = partial(renew, held=held, lease=self._lease)
            found = self._store.transact_sync(work, urgent=True)
        except Exception as error:  # noqa: BLE001 - the handlers go on, and so must this thread
            _log.warning("leases were not renewed, trying again: %s", error)
            return self._renewal / 10
        self._tell(found)
        return self._renewal

    def _look(self) -> None:
        try:
            found = self._store.read_sync(partial(flagged, worker=self._worker_id))
        except Exception as error:  # noqa: BLE001 - the next renewal looks again
            _log.warning("cancel requests were not read: %s", error)
            return
        self._tell(Renewal(frozenset(), found))

    def _tell(self, found: Renewal) -> None:
        if (found.lost or found.flagged) and self._loop is not None:
            self._call_loop(lambda: self._found(found))

    def _watch_loop(self) -> None:
        """Warn where the event loop has not turned since the last renewal."""
        if self._is_loop_late:
            _log.warning(
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
