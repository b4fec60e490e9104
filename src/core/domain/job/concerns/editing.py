"""Changes by hand."""

from __future__ import annotations

from ...errors import IllegalTransition
from ...events import Event, EventType
from ..moment import Moment
from ..priority import checked_priority
from ..status import JobStatus
from ..transitions import Verb, ensure_allowed
from .life import JobLife


class Editing(JobLife):
    """Retried, moved, given other data, removed."""

    __slots__ = ()

    def retry(self, moment: Moment, *, reset: bool) -> tuple[Event, ...]:
        """Wait again after the end, keeping the crash counter; `reset` forgets the attempts.

        A job that is out of attempts runs once more. `expires_in` no longer applies.
        """
        self._move(Verb.RETRY, JobStatus.WAITING)
        self.sequence = moment.draw()
        self.finished_at = self.purge_at = self.run_at = None
        self.result = self.cancel_request = self.token = None
        self.lapses_at = self.policy.deadline
        self.put_offs = self.releases = 0
        if reset:
            self.attempts_made = self.starts = 0
        told = EventType.RETRIED, EventType.WAITING
        return tuple(self._event(kind, moment.now) for kind in told)

    def change_priority(self, priority: int, moment: Moment, *, lifo: bool) -> tuple[Event, ...]:
        """Move to the tail of another priority, or to its head with `lifo`."""
        ensure_allowed(Verb.CHANGE_PRIORITY, self.id, self.status)
        self.priority = checked_priority(priority)
        self.sequence = -moment.draw() if lifo else moment.draw()
        return (self._event(EventType.UPDATED, moment.now, {"priority": priority}),)

    def update_data(self, data: str, moment: Moment) -> tuple[Event, ...]:
        """Replace the input before a run has it."""
        ensure_allowed(Verb.UPDATE_DATA, self.id, self.status)
        self.data = data
        return (self._event(EventType.UPDATED, moment.now, {"data": True}),)

    def remove(self, moment: Moment, *, force: bool = False) -> tuple[Event, ...]:
        """Be removed; a running one only by force, and its finish is then rejected."""
        if not force:
            ensure_allowed(Verb.REMOVE, self.id, self.status)
        return (self._event(EventType.REMOVED, moment.now, {"status": self.status.value}),)

    def purge(self, moment: Moment) -> tuple[Event, ...]:
        """Be removed, having been kept as long as its policy says; nothing is told of that."""
        if self.purge_at is None and not self.status.is_terminal:
            raise IllegalTransition(self.id, Verb.REMOVE.value, self.status.value)
        self.remove(moment, force=True)
        return ()
