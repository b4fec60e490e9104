"""Sequences, drawn one at a time where a verb needs one."""

from __future__ import annotations

import attrs

from ...ports.unit_of_work import UnitOfWork


@attrs.frozen(eq=False)
class DrawOne:
    """Draws the next sequence inside a unit of work."""

    uow: UnitOfWork

    def __call__(self) -> int:
        """The next sequence."""
        return self.uow.jobs.draw_sequences(1)
