"""When a failed run is tried again."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from datetime import timedelta
from enum import StrEnum
from typing import Final, TypeGuard, assert_never

import attrs

from ..errors import InvalidOption
from ..shown import shown
from . import defaults
from .durations import Duration, duration, whole_milliseconds
from .identity import checked_name


class BackoffKind(StrEnum):
    """The formula of a backoff."""

    FIXED = "fixed"
    LINEAR = "linear"
    EXPONENTIAL = "exponential"
    CUSTOM = "custom"


CustomBackoff = Callable[[int, BaseException], Duration | None]
"""Attempts made and the error -> the delay, or None to stop trying."""


def _kind(value: str) -> BackoffKind:
    try:
        return BackoffKind(value)
    except (TypeError, ValueError, RecursionError):
        names = ", ".join(kind.value for kind in BackoffKind)
        raise InvalidOption("backoff", f"kind must be one of {names}") from None


def _wait(value: Duration) -> timedelta:
    return duration(value, "backoff")


def _factor(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidOption("backoff", "factor must be a number")
    if not 1 <= value <= sys.float_info.max:
        raise InvalidOption("backoff", "factor must be a finite number of at least 1")
    return float(value)


@attrs.frozen
class Backoff:
    """The wait before attempt n + 1, after n failed ones.

    - fixed: `base`
    - linear: `base` x n
    - exponential: `base` x `factor` ** (n - 1)
    - custom: what the function registered under `name` says

    Never more than `cap`; rounded up to whole milliseconds.
    """

    kind: BackoffKind = attrs.field(default=BackoffKind.EXPONENTIAL, converter=_kind)
    base: timedelta = attrs.field(default=defaults.BACKOFF_BASE, converter=_wait)
    factor: float = attrs.field(default=defaults.BACKOFF_FACTOR, converter=_factor)
    cap: timedelta = attrs.field(default=defaults.BACKOFF_CAP, converter=_wait)
    name: str | None = None

    def __attrs_post_init__(self) -> None:
        if (self.kind is BackoffKind.CUSTOM) != (self.name is not None):
            raise InvalidOption("backoff", "a custom backoff has a name, the others have none")
        if self.name is not None:
            checked_name(self.name, "backoff")

    @classmethod
    def fixed(cls, base: Duration) -> Backoff:
        """The same wait every time, however long."""
        wait = duration(base, "backoff")
        return cls(BackoffKind.FIXED, wait, cap=max(wait, defaults.BACKOFF_CAP))

    @classmethod
    def linear(cls, base: Duration, *, cap: Duration = defaults.BACKOFF_CAP) -> Backoff:
        """One `base` more after each failed attempt."""
        return cls(BackoffKind.LINEAR, duration(base, "backoff"), cap=duration(cap, "backoff"))

    @classmethod
    def exponential(
        cls,
        base: Duration = defaults.BACKOFF_BASE,
        *,
        factor: float = defaults.BACKOFF_FACTOR,
        cap: Duration = defaults.BACKOFF_CAP,
    ) -> Backoff:
        """`factor` times longer after each failed attempt."""
        wait, most = duration(base, "backoff"), duration(cap, "backoff")
        return cls(BackoffKind.EXPONENTIAL, wait, factor, most)

    @classmethod
    def custom(cls, name: str) -> Backoff:
        """The function that the application registered under `name`."""
        return cls(BackoffKind.CUSTOM, name=name)

    def delay(self, attempts_made: int) -> timedelta:
        """The wait after `attempts_made` failed attempts, without jitter.

        A custom backoff is worked out by the worker, which knows the function; where
        it does not, this exponential formula stands in.
        """
        seconds = self.base.total_seconds() * self._growth(min(attempts_made, _ENDLESS))
        return whole_milliseconds(timedelta(seconds=min(seconds, self.cap.total_seconds())))

    def _growth(self, attempts_made: int) -> float:
        match self.kind:
            case BackoffKind.FIXED:
                return 1.0
            case BackoffKind.LINEAR:
                return float(attempts_made)
            case BackoffKind.EXPONENTIAL | BackoffKind.CUSTOM:
                steps = attempts_made - 1
                # 2 ** 1000 of the shortest base is beyond every cap, and still a float.
                return self.factor**steps if steps * math.log2(self.factor) < 1_000 else 2.0**1_000
            case _:
                assert_never(self.kind)


_ENDLESS: Final = 2**53
"""More attempts than this make no wait longer."""

DEFAULT_BACKOFF: Final = Backoff()


def checked_backoff(value: object) -> Backoff:
    """A `Backoff` from itself, a duration (fixed) or a formula's name."""
    match value:
        case Backoff():
            return value
        case "fixed" | "linear" | "exponential":
            return Backoff(BackoffKind(value))
        case str():
            raise InvalidOption(
                "backoff",
                f"{shown(value)} is not fixed, linear or exponential; "
                "a function of your own is named by Backoff.custom(name)",
            )
        case timedelta() | int() | float():
            return Backoff.fixed(value)
        case _:
            kind = type(value).__name__
            raise InvalidOption(
                "backoff", f"must be a Backoff, a duration or a formula, not {kind}"
            )


def qualified_name(error_type: type[BaseException]) -> str:
    """How an error type is named in `RetryPolicy.never`: module and qualified name."""
    module = error_type.__module__
    return (
        error_type.__qualname__ if module == "builtins" else f"{module}.{error_type.__qualname__}"
    )


def _never(value: object) -> frozenset[str]:
    if isinstance(value, str) or not _is_iterable(value):
        raise InvalidOption("never", "must be a collection of exception types or their names")
    return frozenset(
        qualified_name(item) if _is_error_type(item) else checked_name(item, "never")
        for item in value
    )


def _is_iterable(value: object) -> TypeGuard[Iterable[object]]:
    return isinstance(value, Iterable)


def _is_error_type(value: object) -> TypeGuard[type[BaseException]]:
    return isinstance(value, type) and issubclass(value, BaseException)


def _attempts(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < 2**31:
        raise InvalidOption("max_attempts", "must be an integer of at least 1")
    return value


def _jitter(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InvalidOption("jitter", "must be a number from 0 to 1")
    return float(value)


@attrs.frozen
class RetryPolicy:
    """How many runs a job gets, how long it waits between them, what is never retried.

    `max_attempts` counts all runs, the first included. `jitter` takes up to that share
    off each wait ("full jitter" at 1; Brooker, "Exponential Backoff And Jitter", 2015).
    `never` names exception types, matched along the error's MRO.
    """

    max_attempts: int = attrs.field(default=defaults.MAX_ATTEMPTS, converter=_attempts)
    backoff: Backoff = attrs.field(default=DEFAULT_BACKOFF, converter=checked_backoff)
    jitter: float = attrs.field(default=defaults.JITTER, converter=_jitter)
    never: frozenset[str] = attrs.field(default=frozenset(), converter=_never)

    def has_attempts_left(self, attempts_made: int) -> bool:
        """Whether a job with so many attempts behind it may be tried again."""
        return attempts_made < self.max_attempts

    def wait(self, attempts_made: int, chance: float) -> timedelta:
        """The wait after `attempts_made` attempts; `chance` is uniform in [0, 1)."""
        return whole_milliseconds(self.backoff.delay(attempts_made) * (1 - self.jitter * chance))

    def forbids(self, error: BaseException) -> bool:
        """Whether this error must not be retried."""
        if not self.never:
            return False
        return any(qualified_name(kind) in self.never for kind in type(error).__mro__)
