"""Commits of other processes, looked for: these servers tell nobody."""

from __future__ import annotations

from collections.abc import Callable, Collection

from .....core.domain.events import Hint
from ..server.polling import Polling
from ..server.store import News
from ..session import Session


class MysqlNews(News):
    """Polls for the newest event, often while something happens."""

    def __init__(self, polling: Polling, when_closed: Callable[[], None]) -> None:
        self._polling = polling
        self._when_closed = when_closed

    def tell(self, hints: Collection[Hint]) -> None:
        """See the protocol. The others look."""

    def tell_within(self, session: Session, hints: Collection[Hint]) -> None:
        """See the protocol. The others look."""

    def start(self, on_change: Callable[[], None]) -> None:
        """See the protocol."""
        self._polling.start(on_change)

    def stop(self) -> None:
        """See the protocol."""
        self._polling.stop()

    def close(self) -> None:
        """See the protocol."""
        self._when_closed()
