"""The defaults of a job and of its worker, in one place."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

PRIORITY: Final = 0
MAX_ATTEMPTS: Final = 3
"""Total runs, the first one included."""
BACKOFF_BASE: Final = timedelta(seconds=1)
BACKOFF_FACTOR: Final = 2.0
BACKOFF_CAP: Final = timedelta(seconds=60)
JITTER: Final = 0.0
MAX_CRASHES: Final = 3
MAX_PAYLOAD: Final = 1024 * 1024
"""Bytes of UTF-8 JSON of data, state and result."""
MAX_ERROR_TEXT: Final = 16 * 1024
"""Characters of a failure's message and traceback together."""
MAX_FAILURES: Final = 10
"""Failures kept per job, the newest ones."""
KEEP_LOGS: Final = 1_000
"""Log lines kept per job, the newest ones."""
KEEP_COMPLETED: Final = timedelta(days=7)
KEEP_FAILED: Final = timedelta(days=30)
"""Also for cancelled jobs."""
MAX_NAME: Final = 255
"""Characters of a job id, a job name or a queue name."""

LEASE: Final = timedelta(seconds=30)
RENEWAL: Final = timedelta(seconds=10)
POLL: Final = timedelta(seconds=1)
IDLE_POLL: Final = timedelta(seconds=5)
GRACE_AT_STOP: Final = timedelta(seconds=30)
GRACE_AT_CANCEL: Final = timedelta(seconds=5)
CONCURRENCY: Final = 10

PUT_OFF_BASE: Final = timedelta(seconds=1)
PUT_OFF_CAP: Final = timedelta(seconds=60)
RELEASE_BASE: Final = timedelta(milliseconds=100)
RELEASE_CAP: Final = timedelta(seconds=5)
