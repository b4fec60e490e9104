"""Delays, and what did not start in time."""

from __future__ import annotations

from datetime import timedelta

from ...events import Event, EventType
from .. import failure
from ..moment import Moment
from ..status import JobStatus
from ..transitions import Verb, ensure_allowed
from .life import JobLife


class Timing(JobLife):
    """Due, put off by hand, or too late."""

    __slots__ = ()

    def lapse(self, moment: Moment) -> tuple[Event, ...]:
        """End as failed because `expires_in` or `deadline` passed before it could run."""
        ensure_allowed(Verb.LAPSE, self.id, self.status)
        if self.lapses_at is not None and self.lapses_at == self.policy.deadline:
            return self._fail_for_good(
                Verb.LAPSE, failure.DEADLINE, "its deadline passed", moment.now
            )
        message = "it did not start within expires_in"
        return self._fail_for_good(Verb.LAPSE, failure.EXPIRED, message, moment.now)

    def promote(self, moment: Moment) -> tuple[Event, ...]:
        """Join the tail, due or by hand; a job its handler released takes its old place."""
        self._move(Verb.PROMOTE, JobStatus.WAITING)
        self.run_at = None
        if not self.releases:
            self.sequence = moment.draw()
        return (self._event(EventType.WAITING, moment.now),)

    def change_delay(self, delay: timedelta, moment: Moment) -> tuple[Event, ...]:
        """Become due `delay` from now instead."""
        ensure_allowed(Verb.CHANGE_DELAY, self.id, self.status)
        self.run_at = moment.now + delay
        return (self._delayed(moment.now),)
