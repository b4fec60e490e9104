"""Jobs that somebody wants to end."""

from __future__ import annotations

from ...events import Event, EventType
from ..fields import CancelRequest
from ..moment import Moment
from ..status import JobStatus
from ..transitions import Verb, ensure_allowed
from .life import JobLife


class Cancelling(JobLife):
    """At once where it does not run; where it does, by asking the run to end."""

    __slots__ = ()

    def cancel(self, reason: str, moment: Moment) -> tuple[Event, ...]:
        """End as cancelled, or flag the active run to end; a second flag changes nothing."""
        ensure_allowed(Verb.CANCEL, self.id, self.status)
        if self.cancel_request is not None:
            return ()
        self.cancel_request = CancelRequest(moment.now, reason)
        if self.status is JobStatus.ACTIVE:
            asked = {"reason": self.cancel_request.reason}
            return (self._event(EventType.CANCEL_REQUESTED, moment.now, asked),)
        return self._end_flagged(Verb.CANCEL, moment.now)

    def end_cancelled(self, reason: str, moment: Moment) -> tuple[Event, ...]:
        """End the run as cancelled: the handler said so, or a flagged run was ended."""
        ensure_allowed(Verb.END_CANCELLED, self.id, self.status)
        if self.cancel_request is None:
            self.cancel_request = CancelRequest(moment.now, reason)
        return self._end_flagged(Verb.END_CANCELLED, moment.now)
