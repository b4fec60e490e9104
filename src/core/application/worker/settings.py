"""How a worker behaves."""

from __future__ import annotations

from datetime import timedelta

import attrs

from ...domain.errors import InvalidOption
from ...domain.job import defaults
from ...domain.job.durations import Duration, duration


def _lease(value: Duration) -> timedelta:
    return duration(value, "lease", positive=True)


def _renewal(value: Duration) -> timedelta:
    return duration(value, "renewal", positive=True)


def _poll(value: Duration) -> timedelta:
    return duration(value, "poll", positive=True)


def _idle_poll(value: Duration) -> timedelta:
    return duration(value, "idle_poll", positive=True)


def _grace(value: Duration) -> timedelta:
    return duration(value, "grace")


def _cancel_grace(value: Duration) -> timedelta:
    return duration(value, "cancel_grace")


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 100_000:
        raise InvalidOption("concurrency", "must be an integer from 1 to 100,000")
    return value


@attrs.frozen(kw_only=True)
class WorkerSettings:
    """Times as seconds or timedeltas.

    `concurrency`: jobs at once. `lease` is prolonged every `renewal`; a lease that is not
    ends, and its job runs again elsewhere. `grace`: how long a stop waits for what runs.
    `cancel_grace`: how long a cancelled run may take to end.
    """

    concurrency: int = attrs.field(default=defaults.CONCURRENCY, converter=_count)
    lease: timedelta = attrs.field(default=defaults.LEASE, converter=_lease)
    renewal: timedelta = attrs.field(default=defaults.RENEWAL, converter=_renewal)
    poll: timedelta = attrs.field(default=defaults.POLL, converter=_poll)
    idle_poll: timedelta = attrs.field(default=defaults.IDLE_POLL, converter=_idle_poll)
    grace: timedelta = attrs.field(default=defaults.GRACE_AT_STOP, converter=_grace)
    cancel_grace: timedelta = attrs.field(default=defaults.GRACE_AT_CANCEL, converter=_cancel_grace)

    def __attrs_post_init__(self) -> None:
        if self.renewal * 2 > self.lease:
            raise InvalidOption("renewal", "must be at most half of the lease")
