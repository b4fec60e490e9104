"""Whether a connection of the driver has read the answer to all that it has sent.

A signal's handler may raise between the two. What is sent next would then be answered by what
was sent before, for as long as the connection lives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

_AWAITS: Final = "errands_awaits_answer"


def answered(connection: Any, ask: Callable[..., object], *given: Any) -> None:
    """Send something and read its answer, be it an error."""
    setattr(connection, _AWAITS, True)
    try:
        ask(*given)
    except connection.Error:
        setattr(connection, _AWAITS, False)
        raise
    setattr(connection, _AWAITS, False)


def is_answered(connection: Any) -> bool:
    """Whether what is sent next is answered by its own answer."""
    return not getattr(connection, _AWAITS, False)
