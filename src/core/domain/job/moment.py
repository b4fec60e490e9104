"""When a verb is carried out, and with what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

DrawSequence = Callable[[], int]
"""Draws the next sequence of the store, inside the transaction."""


def _draws_none() -> int:
    raise RuntimeError("this moment has no sequences: give one where a job may join the tail")


@attrs.frozen(eq=False)
class Moment:
    """The store's time of a unit of work, and its sequences for jobs that join the tail.

    Given to every verb of a job, so that a decision can be made again and comes out the same.
    """

    now: datetime
    draw: DrawSequence = _draws_none
