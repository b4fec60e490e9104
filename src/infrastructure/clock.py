"""The host's clock."""

from __future__ import annotations

import time
from datetime import datetime

from ..core.domain.moments import moment


def host_clock() -> datetime:
    """Now, in UTC and whole milliseconds."""
    return moment(time.time_ns() // 1_000_000)
