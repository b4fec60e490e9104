"""The options of `add`: what a caller may say about a job, checked at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeGuard

import attrs

from ..errors import InvalidOption, UnknownOption
from ..shown import shown
from . import defaults
from .durations import duration, instant
from .identity import JobId, checked_name
from .priority import checked_priority
from .retention import Keep, checked_keep
from .retry import RetryPolicy


@attrs.frozen
class JobPolicy:
    """The rules a job lives by once it is added; stored with it."""

    retry: RetryPolicy = RetryPolicy()
    timeout: timedelta | None = None
    deadline: datetime | None = None
    keep_completed: Keep = Keep(age=defaults.KEEP_COMPLETED)
    keep_failed: Keep = Keep(age=defaults.KEEP_FAILED)
    keep_logs: int = defaults.KEEP_LOGS
    max_crashes: int = defaults.MAX_CRASHES
    max_starts: int | None = None
    max_payload: int = defaults.MAX_PAYLOAD


@attrs.frozen
class Labels:
    """What a job carries for people and tracers; no rule looks at it."""

    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    trace_context: Mapping[str, str] = attrs.field(factory=dict[str, str])


DEFAULT_POLICY: Final = JobPolicy()
NO_LABELS: Final = Labels()


@attrs.frozen
class JobOptions:
    """Checked options of one `add`.

    `job_id`: None for a generated one. `delay` and `run_at` exclude each other.
    `expires_in`: from the add to the first start.
    """

    job_id: JobId | None = None
    priority: int = defaults.PRIORITY
    lifo: bool = False
    delay: timedelta | None = None
    run_at: datetime | None = None
    expires_in: timedelta | None = None
    policy: JobPolicy = DEFAULT_POLICY
    labels: Labels = NO_LABELS

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> JobOptions:
        """Options from keyword arguments; None means not given.

        Raises `UnknownOption` or `InvalidOption`, naming the field.
        """
        for name in options:
            if name not in KNOWN:
                raise UnknownOption(_word(name), "is not an option of a job")
        if not options:
            return DEFAULT_OPTIONS
        given = {name: value for name, value in options.items() if value is not None}
        if not given:
            return DEFAULT_OPTIONS
        if "delay" in given and "run_at" in given:
            raise InvalidOption("run_at", "cannot be given together with delay")
        own = {name: _CHECKS[name](value, name) for name, value in given.items() if name in _CHECKS}
        return cls(**own, policy=_policy(given), labels=_labels(given))

    def due_at(self, now: datetime) -> datetime | None:
        """When a job added now is to be ready; None for at once."""
        return self.run_at if self.delay is None else now + self.delay

    def lapses_at(self, now: datetime) -> datetime | None:
        """By when a job added now must have started: the earlier of both bounds."""
        expires_at = None if self.expires_in is None else now + self.expires_in
        bounds = (at for at in (expires_at, self.policy.deadline) if at is not None)
        return min(bounds, default=None)


def _word(name: object) -> str:
    return name if isinstance(name, str) else shown(name)


def checked_flag(value: object, field: str) -> bool:
    """True or False, and nothing that only counts as one of them."""
    if not isinstance(value, bool):
        raise InvalidOption(field, f"must be True or False, not {type(value).__name__}")
    return value


def _count(value: object, field: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise InvalidOption(field, "must be an integer of at least 0")
    return int(value)


def _positive_count(value: object, field: str) -> int:
    count = _count(value, field)
    if not count:
        raise InvalidOption(field, "must be an integer of at least 1")
    return count


def _job_id(value: object, field: str) -> JobId:
    return JobId(checked_name(value, field))


def _priority(value: object, _field: str) -> int:
    return checked_priority(value)


def _positive(value: object, field: str) -> timedelta:
    return duration(value, field, positive=True)


_CHECKS: Final[dict[str, Any]] = {
    "job_id": _job_id,
    "priority": _priority,
    "lifo": checked_flag,
    "delay": duration,
    "run_at": instant,
    "expires_in": _positive,
}
_POLICY_CHECKS: Final[dict[str, Any]] = {
    "timeout": _positive,
    "deadline": instant,
    "keep_completed": checked_keep,
    "keep_failed": checked_keep,
    "keep_logs": _count,
    "max_crashes": _count,
    "max_starts": _positive_count,
    "max_payload": _positive_count,
}
_RETRY: Final = frozenset({"max_attempts", "backoff", "jitter", "never"})
_LABELS: Final = frozenset({"tags", "metadata", "trace_context"})
KNOWN: Final = frozenset({*_CHECKS, *_POLICY_CHECKS, *_RETRY, *_LABELS})
"""The names of all options."""


def _policy(given: Mapping[str, Any]) -> JobPolicy:
    rules = {
        name: check(given[name], name) for name, check in _POLICY_CHECKS.items() if name in given
    }
    retry = {name: given[name] for name in _RETRY if name in given}
    if retry:
        rules["retry"] = RetryPolicy(**retry)
    return JobPolicy(**rules) if rules else DEFAULT_POLICY


def _labels(given: Mapping[str, Any]) -> Labels:
    if not _LABELS & given.keys():
        return NO_LABELS
    return Labels(
        _tags(given.get("tags", ())),
        checked_mapping(given.get("metadata", {}), "metadata"),
        _strings(given.get("trace_context", {}), "trace_context"),
    )


def _tags(value: object) -> tuple[str, ...]:
    if not _is_collection(value):
        raise InvalidOption("tags", "must be a list of strings")
    return tuple(checked_name(tag, "tags") for tag in value)


def checked_mapping(value: object, field: str) -> dict[str, Any]:
    """A mapping with string keys, as a dict of its own."""
    if not _is_mapping(value) or not all(isinstance(key, str) for key in value):
        raise InvalidOption(field, "must be a mapping with string keys")
    return dict(value)


def _strings(value: object, field: str) -> dict[str, str]:
    given = checked_mapping(value, field)
    if not all(isinstance(item, str) for item in given.values()):
        raise InvalidOption(field, "must be a mapping of strings to strings")
    return given


def _is_collection(value: object) -> TypeGuard[Collection[object]]:
    return isinstance(value, list | tuple | set | frozenset)


def _is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping)


DEFAULT_OPTIONS: Final = JobOptions()
