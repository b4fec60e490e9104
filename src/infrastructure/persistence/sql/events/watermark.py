"""Up to which event nothing can be added any more."""

from __future__ import annotations

import attrs

from .....core.domain.id_runs import IdRun

Runs = tuple[IdRun, ...]


@attrs.frozen
class Watermark:
    """Up to `low` no event can be added to the log any more; `high` is the newest id seen.

    But for `passed`: ids of transactions that were open for too long to be waited for.
    """

    low: int
    high: int
    passed: Runs = ()
