"""The context of an async handler."""

from __future__ import annotations

from functools import partial
from typing import Any

from ....domain.errors import LeaseLost
from ...use_cases.report import save_state
from ...use_cases.settle import complete
from .context import BaseContext


class JobContext(BaseContext):
    """The context of an async handler, whose task is cancelled when the job is."""

    async def update_progress(self, value: Any) -> None:
        """Tell how far the run is: a number or any JSON value.

        Written soon: writes are at most ten a second, the latest wins, the last one is
        always written. A number smaller than one told before is ignored.
        """
        report = self._report(value)
        if report is not None:
            self._tools.reporter.progress(report)

    async def log(self, line: str) -> int:
        """Add a line to the job's log and return how many are kept.

        A store that is away is waited for. Raises `LeaseLost` if the run is not the job's any
        more, and the store's error where it does not pass, or is a lock that stays taken.
        """
        report = self._line(line)
        kept = await self._patience.over(partial(self._tools.reporter.log, report))
        if kept is None:
            raise LeaseLost(self.id, self.queue)
        return kept

    async def save_state(self, value: Any) -> None:
        """Keep a JSON value for the runs to come.

        Raises `InvalidPayload`, and what `log` raises; waits as that does.
        """
        text = self._encoded(value, "state")
        work = partial(save_state, ref=self.ref, held=self._held, state=text)
        await self._patience.over(partial(self._tools.store.transact, work))
        self._state = text

    async def complete_in(self, connection: Any, result: Any = None) -> None:
        """Complete the job in the caller's transaction: with its commit, or not at all.

        `connection` is a SQLAlchemy Connection, Session, AsyncConnection or AsyncSession on
        the queue's database. Raises `LeaseLost` where another write has taken the lease or
        the run was given up, being out of time or cancelled; the caller's transaction should
        then be rolled back. What the handler returns afterwards counts only if that
        transaction was rolled back. Raises `InvalidPayload` for a result without JSON form.
        """
        work = partial(complete, completion=self._completion(result))
        if not await self._tools.store.within_async(connection, work):
            raise LeaseLost(self.id, self.queue)
