"""What an error of the store asks of those who work with it for long, and how they say so."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from enum import Enum, auto

from ..domain.errors import ErrandsError
from ..domain.store_errors import StoreBusy, StoreError, StoreGaveUp, StoreRefused, StoreUnusable
from .log_apart import LogApart
from .outage import Outage, Telling


class Trouble(Enum):
    """What kind of error a write has ended with."""

    PASSING = auto()
    """The same write may succeed a little later."""
    GIVEN_UP = auto()
    """The server answered that it broke the statement off: only now, or each time."""
    REFUSAL = auto()
    """The database, or a rule, does not take one of the things that were to be written."""
    UNUSABLE = auto()
    """The database says that nobody can use it; a trigger may say so of one row alone."""
    PERMANENT = auto()
    """No write succeeds until somebody has mended the database."""
    UNKNOWN = auto()
    """Nothing is known of such an error."""

    @classmethod
    def of(cls, error: BaseException) -> Trouble:
        """The kind of an error."""
        if isinstance(error, StoreError):
            return _of_store(error)
        is_of_a_value = isinstance(
            error, ErrandsError | ValueError | ArithmeticError | LookupError | TypeError
        )
        return cls.REFUSAL if is_of_a_value else cls.UNKNOWN

    @property
    def is_doubtful(self) -> bool:
        """Whether it is one member's only if the store takes another one."""
        return self in {Trouble.GIVEN_UP, Trouble.UNUSABLE, Trouble.UNKNOWN}


def _of_store(error: StoreError) -> Trouble:
    if error.is_of_connecting:
        return Trouble.PASSING if error.passes else Trouble.PERMANENT
    match error:
        case StoreRefused():
            return Trouble.REFUSAL
        case StoreGaveUp():
            return Trouble.GIVEN_UP
        case StoreUnusable():
            return Trouble.UNUSABLE
        case _ if error.is_permanent:
            return Trouble.PERMANENT
        case _:
            return Trouble.PASSING if error.passes else Trouble.UNKNOWN


def may_be_of_one(error: BaseException, *, is_patient: bool = False) -> bool:
    """Whether the error may be one member's, so that the others are to be written apart.

    Who is patient takes an error to be passing that may be so: an unknown one, and a statement
    that was broken off.
    """
    trouble = Trouble.of(error)
    if trouble in {Trouble.UNKNOWN, Trouble.GIVEN_UP}:
        return not is_patient
    return trouble in {Trouble.REFUSAL, Trouble.UNUSABLE}


def is_outage(error: BaseException) -> bool:
    """Whether the store cannot be used by anybody for a while, and that not for a lock."""
    return Trouble.of(error) is Trouble.PASSING and not isinstance(error, StoreBusy)


class Complaint:
    """Says that the store fails: what passes as a warning, what does not as an error.

    What lasts is said when it begins, and then ever more rarely. Where the store is away, all who
    share an `outage` say so once, in one line, and once that it is over; each other error is
    its own. Each single try is told at DEBUG. A traceback comes with what is not known to pass.
    """

    def __init__(
        self,
        log: logging.Logger | LogApart,
        what: str,
        *,
        outage: Outage | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._what = what
        self._monotonic = monotonic
        self._outage = outage or Outage(monotonic)
        self._own = Outage(monotonic)
        self._since: float | None = None
        self._has_failed = False

    @property
    def lasts_seconds(self) -> float:
        """For how long every single try has failed with an error that does not pass."""
        return 0.0 if self._since is None else self._monotonic() - self._since

    def say(self, error: BaseException) -> None:
        """Tell of a failure."""
        self._has_failed = True
        is_away = Trouble.of(error) is Trouble.PASSING
        if not is_away:
            self._end(self._outage)
        telling = (self._outage if is_away else self._own).meets(self, error)
        if telling is None:
            self._log.debug("%s: %s", self._what, error)
        if not isinstance(error, StoreError) or error.passes:
            self._since = None
            if telling is not None:
                self._warn(error, telling)
            return
        self._since = self._monotonic() if self._since is None else self._since
        if telling is not None:
            self._log.error(
                "%s, and will until this is mended: %s; `errands doctor` and the server's log may "
                "tell more (its tables, the account's rights and password)",
                self._what,
                error,
                exc_info=error if telling.is_new else None,
            )

    def over(self) -> None:
        """A try has succeeded."""
        if not self._has_failed:
            return
        self._since = None
        for outage in (self._outage, self._own):
            self._end(outage)
        self._has_failed = self._outage.is_on

    def leave(self) -> None:
        """Nothing will be tried any more."""
        self._outage.leaves(self)

    def _warn(self, error: BaseException, telling: Telling) -> None:
        is_strange = telling.is_new and not isinstance(error, StoreError)
        lasts = f" for {telling.lasts_seconds:.0f} s" if telling.lasts_seconds >= 1 else ""
        self._log.warning(
            "%s%s, trying again: %s",
            self._what,
            lasts,
            error,
            exc_info=error if is_strange else None,
        )

    def _end(self, outage: Outage) -> None:
        lasted = outage.answers(self) if outage.is_on else None
        if lasted is not None:
            self._log.info("the store works again, after %.0f s", lasted)
