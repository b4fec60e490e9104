"""What holds of every job between two transactions, whatever has happened to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from .flaw import Flaw, Severity
from .record import JobRecord
from .status import UNSTARTED, JobStatus

OVERDUE: Final = timedelta(seconds=60)
"""How long after its time a job may wait for a scheduler before that is worth a word."""

_COUNTERS: Final = ("attempts_made", "starts", "crashes", "put_offs", "releases")


def flaws_of(job: JobRecord, now: datetime, last_sequence: int) -> Iterator[Flaw]:
    """Every rule that the job breaks; nothing for a sound one.

    `last_sequence` is the highest sequence drawn so far in the job's store.
    """
    yield from _lease_flaws(job, now)
    yield from _time_flaws(job, now)
    yield from _finish_flaws(job)
    yield from _counter_flaws(job)
    yield from _end_flaws(job)
    highest = max(job.key, abs(job.sequence))
    if highest > last_sequence:
        yield Flaw(
            "beyond_the_counter",
            f"has number {highest}, but the counter has only come to {last_sequence}: "
            "a number would be given out twice",
        )


def _lease_flaws(job: JobRecord, now: datetime) -> Iterator[Flaw]:
    lease = job.lease
    if job.status is not JobStatus.ACTIVE:
        if lease is not None:
            yield Flaw("lease_without_run", f"is {job.status}, yet {lease.worker} holds a lease")
        return
    if lease is None:
        yield Flaw("run_without_lease", "is active, but no worker holds a lease: it is stuck")
        return
    if lease.token != job.token:
        yield Flaw("foreign_token", "its lease is under another token than the job's")
    if lease.term.is_beyond(now):
        ahead, length = _seconds(lease.expires_at - now), _seconds(lease.length)
        sentence = f"its lease ends in {ahead}, but is given for {length}: a clock was ahead"
        yield Flaw("lease_too_far_ahead", sentence, Severity.WARNING)
    late = now - lease.expires_at
    if late > OVERDUE:
        sentence = f"is active, but its lease ended {_seconds(late)} ago and nobody took it over"
        yield Flaw("lease_long_over", sentence, Severity.WARNING)


def _time_flaws(job: JobRecord, now: datetime) -> Iterator[Flaw]:
    if job.status is JobStatus.DELAYED:
        if job.run_at is None:
            yield Flaw("delayed_for_ever", "is delayed, but no time is set at which it is due")
        elif now - job.run_at > OVERDUE:
            sentence = f"was due {_seconds(now - job.run_at)} ago and is still delayed"
            yield Flaw("not_promoted", sentence, Severity.WARNING)
    elif job.run_at is not None and job.status is not JobStatus.WAITING_CHILDREN:
        yield Flaw("due_without_delay", f"is {job.status}, yet has a time at which it is due")
    if job.status in UNSTARTED and job.lapses_at is not None and now - job.lapses_at > OVERDUE:
        sentence = f"lapsed {_seconds(now - job.lapses_at)} ago and has not been ended"
        yield Flaw("not_lapsed", sentence, Severity.WARNING)
    if job.status is JobStatus.ACTIVE and job.started_at is None:
        yield Flaw("never_started", "is active, but never started")


def _finish_flaws(job: JobRecord) -> Iterator[Flaw]:
    if job.status.is_terminal and job.finished_at is None:
        yield Flaw("end_without_time", f"is {job.status}, but never finished")
    if not job.status.is_terminal and job.finished_at is not None:
        yield Flaw("finished_too_soon", f"is {job.status}, yet has a time at which it finished")
    if not job.status.is_terminal and job.purge_at is not None:
        yield Flaw("purged_too_soon", f"is {job.status}, yet is to be removed for its age")


def _counter_flaws(job: JobRecord) -> Iterator[Flaw]:
    for name in _COUNTERS:
        value = getattr(job, name)
        if value < 0:
            yield Flaw("negative_counter", f"has {name} = {value}")
    under_way = 1 if job.status is JobStatus.ACTIVE else 0
    if job.attempts_made + under_way > job.starts:
        running = " and one under way" if under_way else ""
        sentence = f"has {job.attempts_made} attempts made{running}, but only {job.starts} starts"
        yield Flaw("attempts_beyond_starts", sentence)
    if job.key < 1 or job.version < 1 or job.sequence == 0:
        numbers = f"key {job.key}, version {job.version}, sequence {job.sequence}"
        yield Flaw("number_out_of_range", f"has {numbers}")


def _end_flaws(job: JobRecord) -> Iterator[Flaw]:
    if job.cancel_request is not None and job.status in UNSTARTED:
        yield Flaw("cancel_pending", f"is {job.status}, although it was asked to end")
    if job.result is not None and job.status is not JobStatus.COMPLETED:
        yield Flaw("result_without_end", f"is {job.status}, yet has a result")
    match job.status:
        case JobStatus.COMPLETED if job.result is None:
            yield Flaw("end_without_result", "is completed, but has no result")
        case JobStatus.COMPLETED if not job.attempts_made:
            yield Flaw("end_without_run", "is completed, but no attempt was made")
        case JobStatus.FAILED if not job.failures:
            yield Flaw("end_without_reason", "is failed, but no failure says why")
        case JobStatus.CANCELLED if job.cancel_request is None:
            yield Flaw("end_without_request", "is cancelled, but nobody asked for it")
        case _:
            return


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():,.0f} s"
