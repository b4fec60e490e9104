"""The host's clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def host_clock() -> datetime:
    """Now, in UTC and whole milliseconds."""
    return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)
