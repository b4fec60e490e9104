"""Runs that end without a result, for now."""

from __future__ import annotations

from datetime import timedelta

from ...events import Event, EventType
from .. import defaults
from ..durations import doubling
from ..moment import Moment
from ..status import JobStatus
from ..transitions import Verb, ensure_allowed
from .life import JobLife


class PuttingAside(JobLife):
    """Snoozed, given back, or known to no handler: it runs again later, at no attempt's cost."""

    __slots__ = ()

    def snooze(self, delay: timedelta, moment: Moment) -> tuple[Event, ...]:
        """Run again after `delay`, counting no attempt; `max_starts` bounds how often."""
        ensure_allowed(Verb.SNOOZE, self.id, self.status)
        if self.cancel_request is not None:
            return self._end_flagged(Verb.SNOOZE, moment.now)
        if self.is_out_of_starts:
            return self._fail_out_of_starts(Verb.SNOOZE, moment.now)
        wait = delay or self.next_pause()
        self._leave_run(0 if delay else self.releases)
        return self._delay(Verb.SNOOZE, moment.now + wait, moment.now)

    def release(self, moment: Moment, *, by_handler: bool) -> tuple[Event, ...]:
        """Go back to the front and take the start back.

        One asked for by the handler waits 100 ms, doubling to 5 s, and then takes its
        old place again.
        """
        ensure_allowed(Verb.RELEASE, self.id, self.status)
        if self.cancel_request is not None:
            return self._end_flagged(Verb.RELEASE, moment.now)
        self.lease = None
        self.starts -= 1
        released = self._event(EventType.RELEASED, moment.now)
        if not by_handler:
            self._move(Verb.RELEASE, JobStatus.WAITING)
            return (released, self._event(EventType.WAITING, moment.now))
        return (released, *self._delay(Verb.RELEASE, moment.now + self.next_pause(), moment.now))

    def put_off(self, moment: Moment) -> tuple[Event, ...]:
        """No handler knows this name: wait 1 s, doubling to 60 s; the start is taken back."""
        ensure_allowed(Verb.PUT_OFF, self.id, self.status)
        if self.cancel_request is not None:
            return self._end_flagged(Verb.PUT_OFF, moment.now)
        self.lease = None
        self.starts -= 1
        wait = doubling(defaults.PUT_OFF_BASE, self.put_offs, defaults.PUT_OFF_CAP)
        self.put_offs += 1
        self.releases = 0
        unhandled = self._event(EventType.UNHANDLED, moment.now, {"name": self.name})
        return (unhandled, *self._delay(Verb.PUT_OFF, moment.now + wait, moment.now))

    def next_pause(self) -> timedelta:
        """How long it waits whose handler wants it back at once: 100 ms, doubling to 5 s.

        So it is after a release, and after a snooze without a delay. Then it takes its old place.
        """
        self.releases += 1
        self.put_offs = 0
        return doubling(defaults.RELEASE_BASE, self.releases - 1, defaults.RELEASE_CAP)
