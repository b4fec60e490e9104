"""How an engine claims jobs and keeps leases."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

import attrs

from .....core.ports.lease_repository import Held
from ..sql_connection import SqlConnection
from ..statement import Row
from .statements import ClaimStatements


@attrs.frozen
class ClaimValues:
    """A claim as the columns take it; times in milliseconds since the epoch.

    `length` is the lease's, in milliseconds.
    """

    queue: str
    limit: int
    token: str
    worker: str
    now: int
    until: int
    length: int


class ClaimDialect:
    """What is done to many leases at once, and passes over locked rows where there are such."""

    def __init__(self, statements: ClaimStatements) -> None:
        self.statements = statements

    def claimable(
        self, sql: SqlConnection, queues: Sequence[str], now: int, most: int
    ) -> list[str]:
        """The first of these queues, at most `most`, on which a claim would find something."""
        return list(islice(self._one_by_one(sql, queues, now), most))

    def _one_by_one(self, sql: SqlConnection, queues: Sequence[str], now: int) -> Iterator[str]:
        """Those of these queues on which a claim would find something, a statement each."""
        found = self.statements.has_claimable
        return (name for name in queues if sql.rows(found, (name, now)))

    def claim(self, sql: SqlConnection, claim: ClaimValues) -> Sequence[Row]:
        """Make the first claimable jobs active, and give them in any order."""
        raise NotImplementedError

    def renew(
        self, sql: SqlConnection, held: Collection[Held], until: int
    ) -> Mapping[Held, int | None]:
        """Prolong leases; those prolonged, with the time of a cancel request.

        A job that another transaction has locked may be passed over.
        """
        raise NotImplementedError

    def record_progress(
        self, sql: SqlConnection, reports: Sequence[tuple[Held, str]]
    ) -> Collection[Held]:
        """Write the progress of runs under way; those for which it was written."""
        raise NotImplementedError
