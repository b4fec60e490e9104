"""What a run came to, as an outcome."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from ....domain.errors import InvalidOption, InvalidPayload, PermanentFailure
from ....domain.job.durations import duration
from ....domain.job.failure import TIMEOUT, UNDESCRIBED, ErrorInfo
from ....domain.job.job import Job
from ....domain.job.outcome import Cancel, Complete, Fail, Outcome, Release, Snooze
from ....domain.job.retry import BackoffKind, qualified_name
from ....ports.codec import Codec
from ...registry import HandlerRegistry

_log = logging.getLogger("errands.worker")
T = TypeVar("T")
Chance = Callable[[], float]


def outcome_of_value(value: Any, job: Job, codec: Codec, chance: Chance) -> Outcome:
    """A handler's return value as an outcome; one without JSON form is a failed attempt."""
    if isinstance(value, Release):
        return Release(by_handler=True)
    if isinstance(value, Snooze | Cancel):
        return value
    try:
        text = codec.encode(value, field="result", limit=job.policy.max_payload)
    except InvalidPayload as error:
        return Fail(_info(error), chance=chance())
    return Complete(text)


def outcome_of_error(
    error: BaseException, job: Job, registry: HandlerRegistry, chance: Chance
) -> Fail:
    """A handler's exception as a failed attempt."""
    is_permanent = isinstance(error, PermanentFailure) or job.policy.retry.forbids(error)
    wait = _retry_after(error)
    if wait is None and not is_permanent and job.policy.retry.backoff.kind is BackoffKind.CUSTOM:
        is_permanent, wait = _custom_wait(error, job, registry)
    return Fail(_info(error), is_permanent=is_permanent, retry_in=wait, chance=chance())


def timed_out(job: Job, chance: Chance) -> Fail:
    """A run that outlived its timeout, as a failed attempt."""
    limit = job.policy.timeout
    seconds = limit.total_seconds() if limit is not None else 0.0
    return Fail(ErrorInfo.of(TIMEOUT, f"the run took longer than {seconds:g} s"), chance=chance())


def undescribed(error: BaseException, chance: Chance) -> Fail:
    """A run of which it could not be told what it came to, as a failed attempt."""
    message = f"what the run came to cannot be told: {type(error).__name__}"
    return Fail(ErrorInfo.of(UNDESCRIBED, message), chance=chance())


def _info(error: BaseException) -> ErrorInfo:
    message = _told(partial(str, error), "<no message: str() failed>")
    trace = _told(lambda: "".join(traceback.format_exception(error)), "")
    return ErrorInfo.of(qualified_name(type(error)), message, trace)


def _told(tell: Callable[[], T], otherwise: T) -> T:
    """What an error tells of itself; its own code may fail, and its run must end all the same."""
    try:
        return tell()
    except BaseException:  # noqa: BLE001 - whatever an error's own code raises
        return otherwise


def _retry_after(error: BaseException) -> timedelta | None:
    wanted = _told(lambda: getattr(error, "retry_after", None), None)
    if wanted is None:
        return None
    try:
        return duration(wanted, "retry_after")
    except InvalidOption:
        _log.warning("ignored retry_after=%r of %s", wanted, type(error).__name__)
        return None


def _custom_wait(
    error: BaseException, job: Job, registry: HandlerRegistry
) -> tuple[bool, timedelta | None]:
    """Whether to stop, and the wait, as the registered function says."""
    name = job.policy.retry.backoff.name or ""
    function = registry.backoff(name)
    if function is None:
        _log.warning("no backoff %r is registered here; the default one stands in", name)
        return False, None
    try:
        wait = function(job.attempts_made + 1, error)
        return wait is None, None if wait is None else duration(wait, "backoff")
    except BaseException:  # noqa: BLE001 - whatever a caller's function raises
        _log.exception("backoff %r failed; the default one stands in", name)
        return False, None
