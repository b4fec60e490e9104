"""How a run can end: a closed union of values.

A handler returns `Snooze`, `Release` or `Cancel` to say so itself; every other
return value becomes a `Complete`, every exception a `Fail`.
"""

from __future__ import annotations

from datetime import timedelta

import attrs

from ..errors import InvalidOption
from .durations import Duration, duration
from .failure import ErrorInfo


def _wait(value: Duration) -> timedelta:
    return duration(value, "delay")


def _optional_wait(value: Duration | None) -> timedelta | None:
    return None if value is None else duration(value, "retry_in")


@attrs.frozen
class Complete:
    """The run returned; `result` is its value as JSON text."""

    result: str


@attrs.frozen
class Fail:
    """The run raised or ran out of time.

    `is_permanent` skips further attempts. `retry_in` (seconds or timedelta) overrides
    the policy's backoff; one that is no duration raises `InvalidOption`.
    `chance` is a uniform random number in [0, 1) for the jitter, drawn before the
    transaction so that the decision can be made again.
    """

    error: ErrorInfo
    is_permanent: bool = False
    retry_in: timedelta | None = attrs.field(default=None, converter=_optional_wait)
    chance: float = 0.0


@attrs.frozen
class Snooze:
    """Not now: run again after `delay` (seconds or timedelta). Counts no attempt.

    A delay of 0 is one of 100 ms, doubling to 5 s while it goes on.
    """

    delay: timedelta = attrs.field(converter=_wait)


@attrs.frozen
class Release:
    """Give the job back to the front of its place. Counts neither attempt nor start.

    A release that the handler asked for waits 100 ms, doubling to 5 s while it goes on.
    """

    by_handler: bool = True


@attrs.frozen
class Cancel:
    """End as cancelled, with a reason."""

    reason: str = ""

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.reason, str):
            raise InvalidOption("reason", "must be a string")


@attrs.frozen
class PutOff:
    """No handler here knows the job's name."""


Outcome = Complete | Fail | Snooze | Release | Cancel | PutOff
