"""Workers that were lost."""

from __future__ import annotations

from ...events import Event, EventType
from .. import failure
from ..moment import Moment
from ..status import JobStatus
from ..transitions import Verb, ensure_allowed
from .life import JobLife


class Crashing(JobLife):
    """Take the lease of a run that nobody renews."""

    __slots__ = ()

    def expire(self, moment: Moment) -> tuple[Event, ...]:
        """Take the lease of a run that stopped renewing it; more than `max_crashes` is failed."""
        ensure_allowed(Verb.EXPIRE, self.id, self.status)
        self.crashes += 1
        self.token = None
        lost = {"worker": self.worker, "crashes": self.crashes}
        stalled = self._event(EventType.STALLED, moment.now, lost)
        if self.cancel_request is not None:
            return (stalled, *self._end_flagged(Verb.EXPIRE, moment.now))
        if self.crashes > self.policy.max_crashes:
            message = f"its worker was lost {self.crashes} times"
            ended = self._fail_for_good(Verb.EXPIRE, failure.TOO_MANY_CRASHES, message, moment.now)
            return (stalled, *ended)
        self._leave_run()
        self._move(Verb.EXPIRE, JobStatus.WAITING)
        return (stalled, self._event(EventType.WAITING, moment.now))
