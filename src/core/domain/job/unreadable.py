"""A stored job that no code here can read in full."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Self

import attrs

from ..errors import IllegalTransition, JobUnreadable
from ..events import Event, EventType
from .job import Job
from .moment import Moment
from .options import JobPolicy
from .outcome import Cancel, Complete, Outcome
from .retention import FOREVER
from .transitions import Verb

UNKNOWN_POLICY: Final = JobPolicy(
    keep_completed=FOREVER, keep_failed=FOREVER, max_crashes=2**31 - 1
)
"""Stands in for a policy that cannot be read: it ends no job and removes none."""


@attrs.define(kw_only=True, eq=False)
class UnreadableJob(Job):
    """A job of which some columns hold what this version cannot read.

    A newer version may read them, or somebody may repair them. Until then it never runs: a
    claim puts it off, which counts no attempt and no start. Nothing is decided by what is not
    known; what needs none of it (promotion, expiry, lapse, retention, removal) goes on.
    `stored` holds the unread values by column, `reasons` says of each what is wrong with it.
    The fields concerned hold stand-ins, which never replace what is stored. A job whose status
    is unknown counts as active: only force removes it.
    """

    stored: Mapping[str, object]
    reasons: Mapping[str, str]

    @classmethod
    def of(cls, job: Job, stored: Mapping[str, object], reasons: Mapping[str, str]) -> Self:
        """This job, made of what could be read and of stand-ins for the columns in `stored`."""
        known = {field.name: getattr(job, field.name) for field in attrs.fields(Job)}
        if "policy" in stored:
            known["policy"] = UNKNOWN_POLICY
        return cls(**known, stored=stored, reasons=reasons)

    def copy(self) -> Self:
        """The same job as a separate entity."""
        twin = super().copy()
        twin.stored, twin.reasons = self.stored, self.reasons
        return twin

    def settle(self, outcome: Outcome, moment: Moment) -> tuple[Event, ...]:
        """End the run with its outcome; one that leads on by the policy puts it off instead."""
        if isinstance(outcome, Complete | Cancel):
            return super().settle(outcome, moment)
        return self.put_off(moment)

    def put_off(self, moment: Moment) -> tuple[Event, ...]:
        """Nobody here can read it: wait 1 s, doubling to 60 s; the start is taken back."""
        what = {"columns": sorted(self.stored), "reason": self.why_unreadable()}
        told = Event(EventType.UNREADABLE, moment.now, self.queue, self.id, what)
        events = super().put_off(moment)
        return (told, *(event for event in events if event.type is not EventType.UNHANDLED))

    def remove(self, moment: Moment, *, force: bool = False) -> tuple[Event, ...]:
        """Be removed; one that runs, or whose status is unknown, only by force."""
        if "status" in self.stored and not force:
            raise IllegalTransition(self.id, Verb.REMOVE.value, "in an unknown status")
        return super().remove(moment, force=force)

    def why_unreadable(self, *columns: str) -> str:
        """What is wrong with these columns, or with all of them, in one line; empty if nothing."""
        wanted = columns or tuple(self.reasons)
        return "; ".join(self.reasons[name] for name in wanted if name in self.reasons)

    def _leave_run(self, releases: int = 0) -> None:
        """As long as the deadline is not known, what bounds the job stays as it is."""
        lapses_at = self.lapses_at
        super()._leave_run(releases)
        if "policy" in self.stored:
            self.lapses_at = lapses_at


def ensure_readable(job: Job, *columns: str) -> None:
    """Raise `JobUnreadable` unless these columns of a job could be read; unnamed, all of them."""
    if isinstance(job, UnreadableJob):
        reason = job.why_unreadable(*columns)
        if reason:
            unread = [name for name in columns or job.stored if name in job.stored]
            raise JobUnreadable(job.id, job.queue, unread, reason)
