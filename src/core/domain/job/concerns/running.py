"""A run, from its claim to its result."""

from __future__ import annotations

from datetime import datetime

from ...events import Event, EventType
from .. import failure
from ..failure import ErrorInfo
from ..lease import Claim, Lease
from ..moment import Moment
from ..status import JobStatus
from ..transitions import Verb, ensure_allowed
from .life import JobLife


class Running(JobLife):
    """Begin under a lease, and end with a result."""

    __slots__ = ()

    def claim(self, claim: Claim, moment: Moment) -> tuple[Event, ...]:
        """Begin a run under a new lease."""
        self._move(Verb.CLAIM, claim.target)
        self.starts += 1
        self.started_at = moment.now
        self.token = claim.token
        self.lease = Lease(claim.token, claim.worker, moment.now + claim.lease, claim.lease)
        return (self.claimed(moment.now),)

    def claimed(self, now: datetime) -> Event:
        """The event of a claim, also for one that the store has carried out by itself."""
        run = {"worker": self.worker, "attempt": self.attempts_made + 1}
        return self._event(EventType.ACTIVE, now, run)

    def complete(self, result: str, moment: Moment, pending_children: int = 0) -> tuple[Event, ...]:
        """End as completed; with children pending, as failed with that reason."""
        if pending_children:
            ensure_allowed(Verb.COMPLETE, self.id, self.status)
            self.attempts_made += 1
            message = f"completed with {pending_children} children pending"
            failed = self._record(ErrorInfo(failure.CHILDREN_PENDING, message), moment.now)
            return (failed, *self._exhaust(Verb.COMPLETE, moment.now))
        self._move(Verb.COMPLETE, JobStatus.COMPLETED)
        self.attempts_made += 1
        self.result = result
        self._finish(moment.now)
        return (self._event(EventType.COMPLETED, moment.now, {"attempt": self.attempts_made}),)
