"""The end of a worker program in which something hangs."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from typing import Protocol


class ProcessEnd(Protocol):
    """Ends the process of a worker program that does not end by itself."""

    def of_loop(self) -> AbstractContextManager[asyncio.Runner]:
        """An event loop to work on; when the block ends, so does what `begin` has begun."""
        ...

    def begin(self, exit_code: int) -> None:
        """Give what is left a few seconds from now on, then end the process with this code."""
        ...

    def at_once(self) -> None:
        """End the process as one that has failed; called in a thread."""
        ...
