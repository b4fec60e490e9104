"""Parents that wait for their children."""

from __future__ import annotations

from ...events import Event, EventType
from .. import failure
from ..moment import Moment
from ..status import JobStatus
from ..transitions import Verb, ensure_allowed
from .life import JobLife


class Family(JobLife):
    """Give the slot up, and go on when the children are settled."""

    __slots__ = ()

    def await_children(self, pending: int, moment: Moment) -> tuple[Event, ...]:
        """Give the slot up until the children are settled; at once if none is pending."""
        ensure_allowed(Verb.AWAIT_CHILDREN, self.id, self.status)
        if self.cancel_request is not None:
            return self._end_flagged(Verb.AWAIT_CHILDREN, moment.now)
        if self.is_out_of_starts:
            return self._fail_out_of_starts(Verb.AWAIT_CHILDREN, moment.now)
        self._leave_run()
        if not pending:
            self._move(Verb.AWAIT_CHILDREN, JobStatus.WAITING)
            return (self._event(EventType.WAITING, moment.now),)
        self._move(Verb.AWAIT_CHILDREN, JobStatus.WAITING_CHILDREN)
        return (self._event(EventType.AWAITING_CHILDREN, moment.now, {"pending": pending}),)

    def child_settled(
        self, moment: Moment, *, failed_child: str | None = None
    ) -> tuple[Event, ...]:
        """Go on at the tail, or at an own `run_at`; end as failed where policy blames a child."""
        ensure_allowed(Verb.CHILD_SETTLED, self.id, self.status)
        if failed_child is not None:
            message = f"child {failed_child!r} did not complete"
            return self._fail_for_good(
                Verb.CHILD_SETTLED, failure.CHILD_FAILED, message, moment.now
            )
        if self.run_at is not None and self.run_at > moment.now:
            return self._delay(Verb.CHILD_SETTLED, self.run_at, moment.now)
        self._move(Verb.CHILD_SETTLED, JobStatus.WAITING)
        self.run_at = None
        self.sequence = moment.draw()
        return (self._event(EventType.WAITING, moment.now),)
