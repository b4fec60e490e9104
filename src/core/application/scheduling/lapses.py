"""Ends jobs that did not start in time."""

from __future__ import annotations

from collections.abc import Callable

from ...ports.store import Store
from ..use_cases import maintain
from .duty import Duty
from .paged_duty import PagedDuty


def lapses(store: Store, monotonic: Callable[[], float]) -> Duty:
    """Ends as failed what `expires_in` or a deadline has overtaken."""
    work = maintain.lapse
    return PagedDuty(store, "lapsed", work, lambda agenda: agenda.lapse, monotonic=monotonic)
