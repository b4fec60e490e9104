"""What is kept of a run that failed."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import attrs

from . import defaults

TIMEOUT: Final = "RunTimeout"
EXPIRED: Final = "Expired"
DEADLINE: Final = "DeadlinePassed"
TOO_MANY_CRASHES: Final = "TooManyCrashes"
TOO_MANY_STARTS: Final = "TooManyStarts"
CHILD_FAILED: Final = "ChildFailed"
CHILDREN_PENDING: Final = "ChildrenPending"
UNDESCRIBED: Final = "UndescribedOutcome"


_CUT_NOTE: Final = " ... [cut]"


def storable(text: str, limit: int = defaults.MAX_ERROR_TEXT) -> str:
    """`text` as a database can keep it: no NUL, no lone surrogate, at most `limit` characters."""
    clean = _clean(text)
    if len(clean) <= limit:
        return clean
    return clean[: limit - len(_CUT_NOTE)] + _CUT_NOTE


def _clean(text: str) -> str:
    # By the class: a subclass of `str` may have ideas of its own.
    return str.encode(text, "utf-8", "backslashreplace").decode().replace("\0", "\\x00")


@attrs.frozen
class ErrorInfo:
    """An error as text: its qualified type name, its message, its traceback.

    Message and traceback together hold at most 16 KiB; a long traceback keeps its
    end, where the error was raised.
    """

    type: str
    message: str
    traceback: str = ""

    @classmethod
    def of(cls, kind: str, message: str, traceback: str = "") -> ErrorInfo:
        """An error of the type named `kind`, its texts made storable and cut to their bound."""
        text = storable(message, defaults.MAX_ERROR_TEXT // 2)
        room = defaults.MAX_ERROR_TEXT - len(text)
        return cls(storable(kind, defaults.MAX_NAME), text, _clean(traceback[-room:])[-room:])


@attrs.frozen
class Failure:
    """One failed attempt, or the reason a job ended without one.

    `attempt` is how many attempts had been made by then, this one included where it
    counts: runs that crash or are started too often do not.
    """

    type: str
    message: str
    traceback: str
    attempt: int
    at: datetime

    @property
    def reason(self) -> str:
        """The failure in one line, for lists."""
        return f"{self.type}: {self.message}" if self.message else self.type


def kept(failures: tuple[Failure, ...], *added: Failure) -> tuple[Failure, ...]:
    """The newest failures of a job, at most `defaults.MAX_FAILURES`."""
    return (*failures, *added)[-defaults.MAX_FAILURES :]
