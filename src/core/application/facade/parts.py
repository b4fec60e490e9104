"""What an application is composed of, as the facade asks for it."""

from __future__ import annotations

from typing import Protocol

from ...ports.executor import Executor
from ...ports.openings import Openings
from ...ports.process_end import ProcessEnd
from ..listeners import Listeners
from ..registry import HandlerRegistry
from ..scheduling.scheduler import QueueScheduler
from ..services import Services
from ..worker.execution.outcomes import Chance


class Parts(Protocol):
    """The parts of one application, each made when it is first asked for.

    All but `scheduler` and `process_end`, which are new each time, are the same whenever they
    are asked for.
    """

    def services(self) -> Services:
        """The ports and services behind queues and handles."""
        ...

    def openings(self) -> Openings:
        """Who has the application open."""
        ...

    def registry(self) -> HandlerRegistry:
        """Its handlers."""
        ...

    def listeners(self) -> Listeners:
        """Who is fed from the log."""
        ...

    def executor(self) -> Executor:
        """Where plain functions run."""
        ...

    def chance(self) -> Chance:
        """Numbers in [0, 1), for jitter."""
        ...

    def scheduler(self) -> QueueScheduler:
        """A new scheduler."""
        ...

    def process_end(self) -> ProcessEnd:
        """A new end for a worker program."""
        ...
