"""The job: one entity, whose verbs are the only way its status ever changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, assert_never

import attrs

from ..events import Event, EventType
from . import defaults, failure
from .durations import doubling
from .failure import ErrorInfo, Failure, kept
from .fields import CancelRequest
from .identity import JobRef
from .lease import Claim, Lease
from .options import JobOptions
from .outcome import Cancel, Complete, Fail, Outcome, PutOff, Release, Snooze
from .priority import checked_priority
from .record import JobRecord
from .status import JobStatus
from .transitions import Verb, ensure_allowed, ensure_reachable

DrawSequence = Callable[[], int]
"""Draws the next sequence of the store, inside the transaction."""


@attrs.define(kw_only=True, eq=False)
class Job(JobRecord):
    """One piece of work and its whole life.

    Verbs check the table of `transitions`, change the entity and return the events
    that tell of it; what is illegal raises `IllegalTransition` and changes nothing.
    """

    @classmethod
    def add(
        cls, *, ref: JobRef, name: str, data: str, options: JobOptions, now: datetime
    ) -> tuple[Job, tuple[Event, ...]]:
        """A new job, waiting or delayed, and the events of its birth."""
        run_at = options.due_at(now)
        job = cls(
            queue=ref.queue,
            id=ref.id,
            name=name,
            data=data,
            created_at=now,
            key=0,
            sequence=-1 if options.lifo else 1,
            priority=options.priority,
            policy=options.policy,
            labels=options.labels,
            lapses_at=options.lapses_at(now),
        )
        added = job._event(EventType.ADDED, now, {"name": name})
        if run_at is None or run_at <= now:
            return job, (added,)
        job.status, job.run_at = JobStatus.DELAYED, run_at
        return job, (added, job._delayed(now))

    def claim(self, claim: Claim, now: datetime) -> tuple[Event, ...]:
        """Begin a run under a new lease."""
        self._move(Verb.CLAIM, claim.target)
        self.starts += 1
        self.started_at = now
        self.token = claim.token
        self.lease = Lease(claim.token, claim.worker, now + claim.lease, claim.lease)
        return (self.claimed(now),)

    def claimed(self, now: datetime) -> Event:
        """The event of a claim, also for one that the store has carried out by itself."""
        run = {"worker": self.worker, "attempt": self.attempts_made + 1}
        return self._event(EventType.ACTIVE, now, run)

    def settle(self, outcome: Outcome, now: datetime, draw: DrawSequence) -> tuple[Event, ...]:
        """End the run with its outcome."""
        match outcome:
            case Complete(result):
                return self.complete(result, now)
            case Fail():
                return self.fail(outcome, now, draw)
            case Snooze(delay):
                return self.snooze(delay, now)
            case Release(by_handler):
                return self.release(now, by_handler=by_handler)
            case Cancel(reason):
                return self.end_cancelled(reason, now)
            case PutOff():
                return self.put_off(now)
            case _:
                assert_never(outcome)

    def complete(self, result: str, now: datetime, pending_children: int = 0) -> tuple[Event, ...]:
        """End as completed; with children pending, as failed with that reason."""
        if pending_children:
            ensure_allowed(Verb.COMPLETE, self.id, self.status)
            self.attempts_made += 1
            message = f"completed with {pending_children} children pending"
            failed = self._record(ErrorInfo(failure.CHILDREN_PENDING, message), now)
            return (failed, *self._exhaust(Verb.COMPLETE, now))
        self._move(Verb.COMPLETE, JobStatus.COMPLETED)
        self.attempts_made += 1
        self.result = result
        self._finish(now)
        return (self._event(EventType.COMPLETED, now, {"attempt": self.attempts_made}),)

    def fail(self, outcome: Fail, now: datetime, draw: DrawSequence) -> tuple[Event, ...]:
        """Count a failed attempt; try again by the policy, or end as failed."""
        ensure_allowed(Verb.FAIL, self.id, self.status)
        self.attempts_made += 1
        failed = self._record(outcome.error, now)
        if self.cancel_request is not None:
            return (failed, *self._end_flagged(Verb.FAIL, now))
        if outcome.is_permanent or not self.policy.retry.has_attempts_left(self.attempts_made):
            return (failed, *self._exhaust(Verb.FAIL, now))
        wait = outcome.retry_in
        if wait is None:
            wait = self.policy.retry.wait(self.attempts_made, outcome.chance)
        return (failed, *self._try_again(now + wait, now, draw))

    def _try_again(self, at: datetime, now: datetime, draw: DrawSequence) -> tuple[Event, ...]:
        deadline = self.policy.deadline
        if deadline is not None and at >= deadline:
            message = "no further attempt can start before the deadline"
            return self._fail_for_good(Verb.FAIL, failure.DEADLINE, message, now)
        self._leave_run()
        if at > now:
            return self._delay(Verb.FAIL, at, now)
        self._move(Verb.FAIL, JobStatus.WAITING)
        self.sequence = draw()
        return (self._event(EventType.WAITING, now),)

    def snooze(self, delay: timedelta, now: datetime) -> tuple[Event, ...]:
        """Run again after `delay`, counting no attempt; `max_starts` bounds how often."""
        ensure_allowed(Verb.SNOOZE, self.id, self.status)
        if self.cancel_request is not None:
            return self._end_flagged(Verb.SNOOZE, now)
        if self.is_out_of_starts:
            return self._fail_out_of_starts(Verb.SNOOZE, now)
        wait = delay or self.next_pause()
        self._leave_run(0 if delay else self.releases)
        return self._delay(Verb.SNOOZE, now + wait, now)

    def release(self, now: datetime, *, by_handler: bool) -> tuple[Event, ...]:
        """Go back to the front and take the start back.

        One asked for by the handler waits 100 ms, doubling to 5 s, and then takes its
        old place again.
        """
        ensure_allowed(Verb.RELEASE, self.id, self.status)
        if self.cancel_request is not None:
            return self._end_flagged(Verb.RELEASE, now)
        self.lease = None
        self.starts -= 1
        released = self._event(EventType.RELEASED, now)
        if not by_handler:
            self._move(Verb.RELEASE, JobStatus.WAITING)
            return (released, self._event(EventType.WAITING, now))
        return (released, *self._delay(Verb.RELEASE, now + self.next_pause(), now))

    def await_children(self, pending: int, now: datetime) -> tuple[Event, ...]:
        """Give the slot up until the children are settled; at once if none is pending."""
        ensure_allowed(Verb.AWAIT_CHILDREN, self.id, self.status)
        if self.cancel_request is not None:
            return self._end_flagged(Verb.AWAIT_CHILDREN, now)
        if self.is_out_of_starts:
            return self._fail_out_of_starts(Verb.AWAIT_CHILDREN, now)
        self._leave_run()
        if not pending:
            self._move(Verb.AWAIT_CHILDREN, JobStatus.WAITING)
            return (self._event(EventType.WAITING, now),)
        self._move(Verb.AWAIT_CHILDREN, JobStatus.WAITING_CHILDREN)
        return (self._event(EventType.AWAITING_CHILDREN, now, {"pending": pending}),)

    def child_settled(
        self, now: datetime, draw: DrawSequence, *, failed_child: str | None = None
    ) -> tuple[Event, ...]:
        """Go on at the tail, or at an own `run_at`; end as failed where policy blames a child."""
        ensure_allowed(Verb.CHILD_SETTLED, self.id, self.status)
        if failed_child is not None:
            message = f"child {failed_child!r} did not complete"
            return self._fail_for_good(Verb.CHILD_SETTLED, failure.CHILD_FAILED, message, now)
        if self.run_at is not None and self.run_at > now:
            return self._delay(Verb.CHILD_SETTLED, self.run_at, now)
        self._move(Verb.CHILD_SETTLED, JobStatus.WAITING)
        self.run_at = None
        self.sequence = draw()
        return (self._event(EventType.WAITING, now),)

    def put_off(self, now: datetime) -> tuple[Event, ...]:
        """No handler knows this name: wait 1 s, doubling to 60 s; the start is taken back."""
        ensure_allowed(Verb.PUT_OFF, self.id, self.status)
        if self.cancel_request is not None:
            return self._end_flagged(Verb.PUT_OFF, now)
        self.lease = None
        self.starts -= 1
        wait = doubling(defaults.PUT_OFF_BASE, self.put_offs, defaults.PUT_OFF_CAP)
        self.put_offs += 1
        self.releases = 0
        unhandled = self._event(EventType.UNHANDLED, now, {"name": self.name})
        return (unhandled, *self._delay(Verb.PUT_OFF, now + wait, now))

    def expire(self, now: datetime) -> tuple[Event, ...]:
        """Take the lease of a run that stopped renewing it; more than `max_crashes` is failed."""
        ensure_allowed(Verb.EXPIRE, self.id, self.status)
        self.crashes += 1
        self.token = None
        lost = {"worker": self.worker, "crashes": self.crashes}
        stalled = self._event(EventType.STALLED, now, lost)
        if self.cancel_request is not None:
            return (stalled, *self._end_flagged(Verb.EXPIRE, now))
        if self.crashes > self.policy.max_crashes:
            message = f"its worker was lost {self.crashes} times"
            ended = self._fail_for_good(Verb.EXPIRE, failure.TOO_MANY_CRASHES, message, now)
            return (stalled, *ended)
        self._leave_run()
        self._move(Verb.EXPIRE, JobStatus.WAITING)
        return (stalled, self._event(EventType.WAITING, now))

    def end_cancelled(self, reason: str, now: datetime) -> tuple[Event, ...]:
        """End the run as cancelled: the handler said so, or a flagged run was ended."""
        ensure_allowed(Verb.END_CANCELLED, self.id, self.status)
        if self.cancel_request is None:
            self.cancel_request = CancelRequest(now, reason)
        return self._end_flagged(Verb.END_CANCELLED, now)

    def lapse(self, now: datetime) -> tuple[Event, ...]:
        """End as failed because `expires_in` or `deadline` passed before it could run."""
        ensure_allowed(Verb.LAPSE, self.id, self.status)
        if self.lapses_at is not None and self.lapses_at == self.policy.deadline:
            return self._fail_for_good(Verb.LAPSE, failure.DEADLINE, "its deadline passed", now)
        message = "it did not start within expires_in"
        return self._fail_for_good(Verb.LAPSE, failure.EXPIRED, message, now)

    def promote(self, now: datetime, draw: DrawSequence) -> tuple[Event, ...]:
        """Join the tail, due or by hand; a job its handler released takes its old place."""
        self._move(Verb.PROMOTE, JobStatus.WAITING)
        self.run_at = None
        if not self.releases:
            self.sequence = draw()
        return (self._event(EventType.WAITING, now),)

    def cancel(self, reason: str, now: datetime) -> tuple[Event, ...]:
        """End as cancelled, or flag the active run to end; a second flag changes nothing."""
        ensure_allowed(Verb.CANCEL, self.id, self.status)
        if self.cancel_request is not None:
            return ()
        self.cancel_request = CancelRequest(now, reason)
        if self.status is JobStatus.ACTIVE:
            asked = {"reason": self.cancel_request.reason}
            return (self._event(EventType.CANCEL_REQUESTED, now, asked),)
        return self._end_flagged(Verb.CANCEL, now)

    def retry(self, now: datetime, draw: DrawSequence, *, reset: bool) -> tuple[Event, ...]:
        """Wait again after the end, keeping the crash counter; `reset` forgets the attempts.

        A job that is out of attempts runs once more. `expires_in` no longer applies.
        """
        self._move(Verb.RETRY, JobStatus.WAITING)
        self.sequence = draw()
        self.finished_at = self.purge_at = self.run_at = None
        self.result = self.cancel_request = self.token = None
        self.lapses_at = self.policy.deadline
        self.put_offs = self.releases = 0
        if reset:
            self.attempts_made = self.starts = 0
        return (self._event(EventType.RETRIED, now), self._event(EventType.WAITING, now))

    def change_delay(self, delay: timedelta, now: datetime) -> tuple[Event, ...]:
        """Become due `delay` from now instead."""
        ensure_allowed(Verb.CHANGE_DELAY, self.id, self.status)
        self.run_at = now + delay
        return (self._delayed(now),)

    def change_priority(
        self, priority: int, now: datetime, draw: DrawSequence, *, lifo: bool
    ) -> tuple[Event, ...]:
        """Move to the tail of another priority, or to its head with `lifo`."""
        ensure_allowed(Verb.CHANGE_PRIORITY, self.id, self.status)
        self.priority = checked_priority(priority)
        self.sequence = -draw() if lifo else draw()
        return (self._event(EventType.UPDATED, now, {"priority": priority}),)

    def update_data(self, data: str, now: datetime) -> tuple[Event, ...]:
        """Replace the input before a run has it."""
        ensure_allowed(Verb.UPDATE_DATA, self.id, self.status)
        self.data = data
        return (self._event(EventType.UPDATED, now, {"data": True}),)

    def remove(self, now: datetime, *, force: bool = False) -> tuple[Event, ...]:
        """Be removed; a running one only by force, and its finish is then rejected."""
        if not force:
            ensure_allowed(Verb.REMOVE, self.id, self.status)
        return (self._event(EventType.REMOVED, now, {"status": self.status.value}),)

    def _move(self, verb: Verb, target: JobStatus) -> None:
        ensure_reachable(verb, self.id, self.status, target)
        self.status = target

    def _event(self, kind: EventType, at: datetime, data: Mapping[str, Any] | None = None) -> Event:
        return Event(kind, at, self.queue, self.id, data)

    def _delayed(self, now: datetime) -> Event:
        at = self.run_at.isoformat(timespec="milliseconds") if self.run_at else None
        return self._event(EventType.DELAYED, now, {"run_at": at})

    def _delay(self, verb: Verb, at: datetime, now: datetime) -> tuple[Event, ...]:
        self._move(verb, JobStatus.DELAYED)
        self.run_at = at
        return (self._delayed(now),)

    def _leave_run(self, releases: int = 0) -> None:
        self.lease = None
        self.lapses_at = self.policy.deadline
        self.put_offs, self.releases = 0, releases

    def _record(self, error: ErrorInfo, now: datetime) -> Event:
        entry = Failure(error.type, error.message, error.traceback, self.attempts_made, now)
        self.failures = kept(self.failures, entry)
        attempt = {"attempt": self.attempts_made, "reason": entry.reason}
        return self._event(EventType.FAILED, now, attempt)

    def _finish(self, now: datetime) -> None:
        self.lease = None
        self.run_at = self.lapses_at = None
        self.finished_at = now
        self.purge_at = self.keep.purge_at(now)

    def _end_flagged(self, verb: Verb, now: datetime) -> tuple[Event, ...]:
        self._move(verb, JobStatus.CANCELLED)
        self._finish(now)
        return (self._event(EventType.CANCELLED, now, {"reason": self.reason}),)

    def _exhaust(self, verb: Verb, now: datetime) -> tuple[Event, ...]:
        self._move(verb, JobStatus.FAILED)
        self._finish(now)
        return (self._event(EventType.EXHAUSTED, now, {"reason": self.reason}),)

    def _fail_for_good(
        self, verb: Verb, kind: str, message: str, now: datetime
    ) -> tuple[Event, ...]:
        entry = Failure(kind, message, "", self.attempts_made, now)
        self.failures = kept(self.failures, entry)
        return self._exhaust(verb, now)

    def _fail_out_of_starts(self, verb: Verb, now: datetime) -> tuple[Event, ...]:
        message = f"it was started {self.starts} times without an end"
        return self._fail_for_good(verb, failure.TOO_MANY_STARTS, message, now)
