"""Rows as jobs and jobs as rows, written out for speed: `columns` says what stands where."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from .....core.domain.job.fields import CancelRequest
from .....core.domain.job.job import Job
from .....core.domain.job.lease import Lease
from .....core.domain.job.options import DEFAULT_POLICY, NO_LABELS
from .....core.domain.job.status import JobStatus
from ..statement import Row
from ..times import from_ms, moment, to_ms, whole_ms
from .columns import BY_NAME, CHANGING, LOADED, lease_length
from .documents import (
    failures_from_text,
    failures_to_text,
    labels_from_text,
    labels_to_text,
    policy_from_text,
    policy_to_text,
)

UNREADABLE: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    msgspec.MsgspecError,
)
"""What reading a value of the wrong type, shape or size can raise."""


_LEASE_MS: Final = CHANGING.index("lease_ms")
"""What a new job has not."""


class UnreadableRow(ValueError):
    """A row that no version of this library has written."""


def changing_values(job: Job) -> tuple[Any, ...]:
    """The values of `CHANGING`."""
    lease, request = job.lease, job.cancel_request
    return (
        job.status._value_,
        job.priority,
        job.turn,
        job.sequence,
        job.attempts_made,
        job.starts,
        job.crashes,
        job.put_offs,
        job.releases,
        job.token,
        None if lease is None else lease.worker,
        None if lease is None else to_ms(lease.expires_at),
        None if request is None else to_ms(request.at),
        None if request is None else request.reason,
        to_ms(job.run_at),
        to_ms(job.lapses_at),
        to_ms(job.started_at),
        to_ms(job.finished_at),
        to_ms(job.purge_at),
        failures_to_text(job.failures) if job.failures else None,
        job.result,
        None if lease is None else whole_ms(lease.length),
    )


def new_values(job: Job) -> tuple[Any, ...]:
    """The values of `NEW`."""
    changing = changing_values(job)
    return (
        *_inserted_values(job),
        *changing[:_LEASE_MS],
        *changing[_LEASE_MS + 1 :],
        job.version,
        job.data,
    )


def archived_values(job: Job) -> tuple[Any, ...]:
    """The values of `LOADED`."""
    return tuple(BY_NAME[name].value(job) for name in LOADED)


def _inserted_values(job: Job) -> tuple[Any, ...]:
    return (
        job.key,
        job.queue,
        job.id,
        job.name,
        to_ms(job.created_at),
        None if job.policy is DEFAULT_POLICY else policy_to_text(job.policy),
        None if job.labels is NO_LABELS else labels_to_text(job.labels),
    )


def job_from_row(row: Row) -> Job:
    """The entity of a row of `LOADED` columns. Raises one of `UNREADABLE`."""
    (
        key, queue, id_, name, created_at, policy, labels,
        status, priority, turn, sequence, attempts_made, starts, crashes, put_offs,
        releases, token, worker, lease_expires_at, cancel_requested_at, cancel_reason,
        run_at, lapses_at, started_at, finished_at, purge_at, failures, result, lease_ms,
        version, progress, state, data,
    ) = row  # fmt: skip
    total = priority + turn + sequence + attempts_made + starts + crashes
    total += put_offs + releases + version
    if total.__class__ is not int:
        raise TypeError("a number that is none")
    return Job(
        key=key,
        version=version,
        progress=progress,
        state=state,
        queue=queue,
        id=id_,
        name=name,
        data=data,
        policy=DEFAULT_POLICY if policy is None else policy_from_text(policy),
        labels=NO_LABELS if labels is None else labels_from_text(labels),
        created_at=moment(created_at),
        status=_STATUS[status],
        priority=priority,
        turn=turn,
        sequence=sequence,
        attempts_made=attempts_made,
        starts=starts,
        crashes=crashes,
        put_offs=put_offs,
        releases=releases,
        token=token,
        lease=_lease(token, worker, lease_expires_at, lease_ms),
        cancel_request=_request(cancel_requested_at, cancel_reason),
        run_at=from_ms(run_at),
        lapses_at=from_ms(lapses_at),
        started_at=from_ms(started_at),
        finished_at=from_ms(finished_at),
        purge_at=from_ms(purge_at),
        failures=() if failures is None else failures_from_text(failures),
        result=result,
    )


_STATUS: Final = {status.value: status for status in JobStatus}


def _lease(
    token: str | None, worker: str | None, expires_at: int | None, length: int | None
) -> Lease | None:
    """The lease of these columns; one written before leases had a length has the usual one."""
    if token is None or worker is None or expires_at is None:
        return None
    return Lease(token, worker, moment(expires_at), lease_length(length))


def _request(at: int | None, reason: str | None) -> CancelRequest | None:
    return None if at is None else CancelRequest(moment(at), reason or "")
