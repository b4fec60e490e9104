"""The application that the demo's workers run: one handler."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from .... import Errands, PermanentFailure, SyncJobContext
from .analysis import measure

QUEUE: Final = "stdlib"
NAME: Final = "analyse"
LEASE_SECONDS: Final = 2.0
"""Short, so that the jobs of the worker that is killed are soon taken over."""

app = Errands(lease=LEASE_SECONDS, renewal=LEASE_SECONDS / 4)


@app.handler(NAME, queue=QUEUE)
def analyse(data: dict[str, Any], context: SyncJobContext) -> dict[str, float]:
    """Measure one file. One that does not parse never will: it fails for good, with its reason."""
    if data["is_flaky"] and context.attempt == 1:
        raise TimeoutError("made up for the demo: the first attempt at this file fails")
    try:
        return measure(Path(data["path"]).read_bytes())
    except (SyntaxError, ValueError, RecursionError) as error:
        raise PermanentFailure(f"{type(error).__name__}: {error}") from error
