"""Attempts that failed."""

from __future__ import annotations

from datetime import datetime

from ...events import Event, EventType
from .. import failure
from ..moment import Moment
from ..outcome import Fail
from ..status import JobStatus
from ..transitions import Verb, ensure_allowed
from .life import JobLife


class Failing(JobLife):
    """Try again by the policy, or end as failed."""

    __slots__ = ()

    def fail(self, outcome: Fail, moment: Moment) -> tuple[Event, ...]:
        """Count a failed attempt; try again by the policy, or end as failed."""
        ensure_allowed(Verb.FAIL, self.id, self.status)
        self.attempts_made += 1
        failed = self._record(outcome.error, moment.now)
        if self.cancel_request is not None:
            return (failed, *self._end_flagged(Verb.FAIL, moment.now))
        if outcome.is_permanent or not self.policy.retry.has_attempts_left(self.attempts_made):
            return (failed, *self._exhaust(Verb.FAIL, moment.now))
        wait = outcome.retry_in
        if wait is None:
            wait = self.policy.retry.wait(self.attempts_made, outcome.chance)
        return (failed, *self._try_again(moment.now + wait, moment))

    def _try_again(self, at: datetime, moment: Moment) -> tuple[Event, ...]:
        deadline = self.policy.deadline
        if deadline is not None and at >= deadline:
            message = "no further attempt can start before the deadline"
            return self._fail_for_good(Verb.FAIL, failure.DEADLINE, message, moment.now)
        self._leave_run()
        if at > moment.now:
            return self._delay(Verb.FAIL, at, moment.now)
        self._move(Verb.FAIL, JobStatus.WAITING)
        self.sequence = moment.draw()
        return (self._event(EventType.WAITING, moment.now),)
