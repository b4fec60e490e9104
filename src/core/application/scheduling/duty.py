"""What a scheduler does for all queues of its store, and when."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import attrs

from ...ports.job_calendar import Agenda


@attrs.frozen
class Plan:
    """What a look at the store has shown: its time, and what comes next."""

    now: datetime
    agenda: Agenda


class Duty(Protocol):
    """One thing to be done now and then; any number of schedulers may do it side by side.

    `name` is the word for what it does to a job, as in "promoted".
    """

    name: str

    def is_due(self, plan: Plan) -> bool:
        """Whether it has something to do now."""
        ...

    def wait(self, plan: Plan) -> float | None:
        """Seconds until it has; None where nothing is in sight."""
        ...

    async def run(self, plan: Plan) -> int:
        """Do what is due; to how many jobs. Raises what the store fails with."""
        ...

    async def sweep(self) -> int:
        """Do all there is, by hand, whatever was seen of the store before; to how many jobs."""
        ...
