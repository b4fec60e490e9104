"""The columns of a job: each is declared here, and nowhere else.

The table, the lists of names, the texts that may be long, and what becomes of a value that
cannot be read are all made of these. The functions that every job goes through are written out
in `rows`; a test holds them to this list.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from enum import Enum, auto
from operator import attrgetter
from typing import Any, Final

import attrs
from sqlalchemy import BigInteger, Integer
from sqlalchemy.types import TypeEngine

from .....core.domain.job import defaults
from .....core.domain.job.failure import storable
from .....core.domain.job.job import Job
from .....core.domain.job.options import DEFAULT_POLICY, NO_LABELS
from .....core.domain.job.status import JobStatus
from ..times import moment, span_of, to_ms, whole_ms
from ..types import KEY, NAME, STATUS, TEXT
from .documents import (
    failures_from_text,
    failures_to_text,
    labels_from_text,
    labels_to_text,
    policy_from_text,
    policy_to_text,
)


class Written(Enum):
    """When a column is written."""

    ONCE = auto()
    """When the job is added."""
    SAVED = auto()
    """Whenever the job is saved; and when it is added."""
    APART = auto()
    """By statements of its own."""


@attrs.frozen(eq=False)
class JobColumn:
    """One column: how it is stored, what a job writes there, and how that is read.

    `read` raises one of `UNREADABLE` for what no version of this library has written; without it
    any value will do. `stand_in` is taken for a value that cannot be read. `is_payload`: JSON of
    the user's, which may be large and is not looked at. A new job leaves a column alone that
    `is_blank_at_first`.
    """

    name: str
    type: TypeEngine[Any]
    written: Written
    value: Callable[[Job], object]
    read: Callable[[Any], object] | None = None
    stand_in: object = None
    is_optional: bool = False
    is_payload: bool = False
    is_blank_at_first: bool = False

    @property
    def is_long(self) -> bool:
        """Whether it holds text of any length."""
        return self.type is TEXT


def integer(value: object) -> int:
    """A number; SQLite keeps any value in any column."""
    if type(value) is int:
        return value
    raise TypeError("not an integer")


def lease_length(length: int | None) -> timedelta:
    """The length of a lease from so many milliseconds. Raises one of `UNREADABLE`.

    One that was written before leases had a length has the usual one.
    """
    if length is None:
        return defaults.LEASE
    if length.__class__ is not int:
        raise TypeError("not an integer")
    return span_of(length)


def _text(name: str, written: Written = Written.ONCE, *, is_optional: bool = False) -> JobColumn:
    """A name, as it is."""
    return JobColumn(name, NAME, written, attrgetter(name), is_optional=is_optional)


def _number(
    name: str, type_: TypeEngine[Any] | None = None, written: Written = Written.SAVED
) -> JobColumn:
    """An integer; 0 where it cannot be read."""
    return JobColumn(name, type_ or Integer(), written, attrgetter(name), integer, 0)


def _moment(name: str) -> JobColumn:
    """A moment that there need not be, in milliseconds since the epoch."""
    at = attrgetter(name)
    return JobColumn(
        name, BigInteger(), Written.SAVED, lambda job: to_ms(at(job)), moment, is_optional=True
    )


def _payload(
    name: str,
    written: Written = Written.APART,
    *,
    is_optional: bool = True,
    is_blank_at_first: bool = False,
) -> JobColumn:
    """JSON of the user's."""
    return JobColumn(
        name,
        TEXT,
        written,
        attrgetter(name),
        is_optional=is_optional,
        is_payload=True,
        is_blank_at_first=is_blank_at_first,
    )


COLUMNS: Final = (
    JobColumn("key", KEY, Written.ONCE, lambda job: job.key),
    _text("queue"),
    _text("id"),
    _text("name"),
    JobColumn(
        "created_at", BigInteger(), Written.ONCE, lambda job: to_ms(job.created_at), moment, 0
    ),
    JobColumn(
        "policy",
        TEXT,
        Written.ONCE,
        lambda job: None if job.policy is DEFAULT_POLICY else policy_to_text(job.policy),
        policy_from_text,
        is_optional=True,
    ),
    JobColumn(
        "labels",
        TEXT,
        Written.ONCE,
        lambda job: None if job.labels is NO_LABELS else labels_to_text(job.labels),
        labels_from_text,
        is_optional=True,
    ),
    JobColumn(
        "status",
        STATUS,
        Written.SAVED,
        lambda job: job.status.value,
        JobStatus,
        JobStatus.ACTIVE.value,
    ),
    _number("priority"),
    _number("turn", BigInteger()),
    _number("sequence", BigInteger()),
    _number("attempts_made"),
    _number("starts"),
    _number("crashes"),
    _number("put_offs"),
    _number("releases"),
    _text("token", Written.SAVED, is_optional=True),
    JobColumn(
        "worker",
        NAME,
        Written.SAVED,
        lambda job: None if job.lease is None else job.lease.worker,
        is_optional=True,
    ),
    JobColumn(
        "lease_expires_at",
        BigInteger(),
        Written.SAVED,
        lambda job: None if job.lease is None else to_ms(job.lease.expires_at),
        moment,
        0,
        is_optional=True,
    ),
    JobColumn(
        "cancel_requested_at",
        BigInteger(),
        Written.SAVED,
        lambda job: None if job.cancel_request is None else to_ms(job.cancel_request.at),
        moment,
        is_optional=True,
    ),
    JobColumn(
        "cancel_reason",
        TEXT,
        Written.SAVED,
        lambda job: None if job.cancel_request is None else job.cancel_request.reason,
        storable,
        "",
        is_optional=True,
    ),
    _moment("run_at"),
    _moment("lapses_at"),
    _moment("started_at"),
    _moment("finished_at"),
    _moment("purge_at"),
    JobColumn(
        "failures",
        TEXT,
        Written.SAVED,
        lambda job: failures_to_text(job.failures) if job.failures else None,
        failures_from_text,
        is_optional=True,
    ),
    _payload("result", Written.SAVED),
    _number("version", BigInteger(), Written.APART),
    _payload("progress", is_blank_at_first=True),
    _payload("state", is_blank_at_first=True),
    _payload("data", is_optional=False),
    JobColumn(
        "lease_ms",
        BigInteger(),
        Written.SAVED,
        lambda job: None if job.lease is None else whole_ms(job.lease.length),
        lease_length,
        whole_ms(defaults.LEASE),
        is_optional=True,
        is_blank_at_first=True,
    ),
)
"""In the order of the table, to whose end a migration adds."""


def _written(written: Written) -> tuple[JobColumn, ...]:
    return tuple(column for column in COLUMNS if column.written is written)


def names(columns: tuple[JobColumn, ...]) -> tuple[str, ...]:
    """The names of columns."""
    return tuple(column.name for column in columns)


_LOADED: Final = (*_written(Written.ONCE), *_written(Written.SAVED), *_written(Written.APART))
CHANGING: Final = names(_written(Written.SAVED))
"""Columns that a save writes, in the order of the table: so their values go as they are."""
NEW: Final = tuple(column.name for column in _LOADED if not column.is_blank_at_first)
"""Columns of a new job; key and sequence as `number` of the job finds them. It has no lease."""
LOADED: Final = names(_LOADED)
"""Columns of a job, in the order in which `job_from_row` takes them."""
BY_NAME: Final = {column.name: column for column in COLUMNS}
