"""Makes delayed jobs ready when they are due."""

from __future__ import annotations

from collections.abc import Callable

from ...ports.store import Store
from ..use_cases import maintain
from .duty import Duty
from .paged_duty import PagedDuty


def promotion(store: Store, monotonic: Callable[[], float]) -> Duty:
    """Promotes due jobs, in the order in which they fell due."""
    work = maintain.promote_due
    return PagedDuty(store, "promoted", work, lambda agenda: agenda.due, monotonic=monotonic)
