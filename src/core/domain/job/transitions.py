"""The life of a job as one table: which verb leads from where to where.

`Job` guards every change of status with it; the state diagram of the documents
is generated from it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import attrs

from ..errors import IllegalTransition
from .status import TERMINAL, UNSTARTED, JobStatus

_S = JobStatus


class Verb(StrEnum):
    """What can happen to a job."""

    CLAIM = "claim"
    COMPLETE = "complete"
    FAIL = "fail"
    SNOOZE = "snooze"
    RELEASE = "release"
    AWAIT_CHILDREN = "await_children"
    PUT_OFF = "put_off"
    EXPIRE = "expire"
    END_CANCELLED = "end_cancelled"
    LAPSE = "lapse"
    PROMOTE = "promote"
    CHILD_SETTLED = "child_settled"
    CANCEL = "cancel"
    RETRY = "retry"
    CHANGE_DELAY = "change_delay"
    CHANGE_PRIORITY = "change_priority"
    UPDATE_DATA = "update_data"
    REMOVE = "remove"


@attrs.frozen
class Transition:
    """The statuses a verb may start from and those it may lead to."""

    sources: frozenset[JobStatus]
    targets: frozenset[JobStatus]


def _arrow(sources: frozenset[JobStatus] | JobStatus, *targets: JobStatus) -> Transition:
    starts = sources if isinstance(sources, frozenset) else frozenset({sources})
    return Transition(starts, frozenset(targets))


ENDS_FLAGGED: Final = _S.CANCELLED
"""Where fail, snooze, release, await_children and expire lead a job flagged for cancel."""

TRANSITIONS: Final[dict[Verb, Transition]] = {
    Verb.CLAIM: _arrow(_S.WAITING, _S.ACTIVE),
    Verb.COMPLETE: _arrow(_S.ACTIVE, _S.COMPLETED, _S.FAILED),
    Verb.FAIL: _arrow(_S.ACTIVE, _S.WAITING, _S.DELAYED, _S.FAILED, ENDS_FLAGGED),
    Verb.SNOOZE: _arrow(_S.ACTIVE, _S.DELAYED, _S.FAILED, ENDS_FLAGGED),
    Verb.RELEASE: _arrow(_S.ACTIVE, _S.WAITING, _S.DELAYED, ENDS_FLAGGED),
    Verb.AWAIT_CHILDREN: _arrow(
        _S.ACTIVE, _S.WAITING_CHILDREN, _S.WAITING, _S.FAILED, ENDS_FLAGGED
    ),
    Verb.PUT_OFF: _arrow(_S.ACTIVE, _S.DELAYED, ENDS_FLAGGED),
    Verb.EXPIRE: _arrow(_S.ACTIVE, _S.WAITING, _S.FAILED, ENDS_FLAGGED),
    Verb.END_CANCELLED: _arrow(_S.ACTIVE, _S.CANCELLED),
    Verb.LAPSE: _arrow(UNSTARTED, _S.FAILED),
    Verb.PROMOTE: _arrow(_S.DELAYED, _S.WAITING),
    Verb.CHILD_SETTLED: _arrow(_S.WAITING_CHILDREN, _S.WAITING, _S.DELAYED, _S.FAILED),
    Verb.CANCEL: _arrow(UNSTARTED | {_S.ACTIVE}, _S.CANCELLED, _S.ACTIVE),
    Verb.RETRY: _arrow(TERMINAL, _S.WAITING),
    Verb.CHANGE_DELAY: _arrow(_S.DELAYED, _S.DELAYED),
    Verb.CHANGE_PRIORITY: _arrow(UNSTARTED, *UNSTARTED),
    Verb.UPDATE_DATA: _arrow(UNSTARTED, *UNSTARTED),
    Verb.REMOVE: _arrow(UNSTARTED | TERMINAL),
}


def ensure_allowed(verb: Verb, job_id: str, status: JobStatus) -> None:
    """Raise `IllegalTransition` unless `verb` may start from `status`."""
    if status not in TRANSITIONS[verb].sources:
        raise IllegalTransition(job_id, verb.value, status.value)


def ensure_reachable(verb: Verb, job_id: str, source: JobStatus, target: JobStatus) -> None:
    """Raise `IllegalTransition` unless `verb` may lead from `source` to `target`."""
    ensure_allowed(verb, job_id, source)
    if target not in TRANSITIONS[verb].targets:
        raise IllegalTransition(job_id, f"{verb.value} to {target.value}", source.value)
