"""Who has an application open."""

from __future__ import annotations

from typing import Protocol


class Openings(Protocol):
    """Counts openings of the store, from any thread and event loop.

    The first opens the store, later ones wait for that and share it, and the last end closes it.
    One end more than there were openings is harmless.
    """

    async def begin(self) -> None:
        """Return when it is open. Raises the `StoreError`s of opening; that one does not count."""
        ...

    async def end(self) -> None:
        """Return when it is closed, if this was the last one."""
        ...

    def begin_sync(self) -> None:
        """`begin`, blocking."""
        ...

    def end_sync(self) -> None:
        """`end`, blocking. Where a signal's handler cuts it off, it may be called again."""
        ...
