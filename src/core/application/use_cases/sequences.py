"""Sequences, drawn one at a time where a verb needs one."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ...ports.unit_of_work import UnitOfWork


@attrs.define(eq=False)
class DrawOne:
    """Draws the next sequence inside a unit of work, `expected` from the store at once.

    None is drawn before the first is asked for; those that are left over stay unused.
    """

    uow: UnitOfWork
    expected: int = 1
    _drawn: Iterator[int] = attrs.field(factory=lambda: iter(()), init=False)

    def __call__(self) -> int:
        """The next sequence."""
        for sequence in self._drawn:
            return sequence
        self._drawn = iter(self.uow.jobs.draw_sequences(self.expected))
        return next(self._drawn)
