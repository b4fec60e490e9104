"""A kind of database, as the measures need it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import attrs

from tests.benchmarks.stores.databases import Databases

Step = Any
"""Something the library asked of its driver; only the store that recorded it knows the form."""
Transaction = list[Step]


@attrs.frozen
class Replayed:
    """What a replay took, and how far the database's log grew by it."""

    seconds: float
    log_bytes: int


class Tape(Protocol):
    """Grows while the library writes."""

    @property
    def transactions(self) -> list[Transaction]:
        """What was committed so far, in the order of the commits; reads are left out."""
        ...

    def clear(self) -> None:
        """Forget what was recorded."""
        ...


class Store(Protocol):
    """Databases of one kind, the bare driver, and the library's own writes on tape.

    Queries have `?` for their parameters on every store.
    """

    name: str
    """As `--store` takes it."""
    claim_unit: str
    """What `claim_cost` counts."""
    claim_slack: float
    """The share by which the costs of two claims differ that are taken to be equal."""
    has_own_log: bool
    """Whether nobody else writes to a database's log."""

    def quoted(self, name: str) -> str:
        """A column's name, as statements have it."""
        ...

    def facts(self) -> dict[str, Any]:
        """Versions, and the settings that decide what a commit costs and promises."""
        ...

    def databases(self, folder: Path) -> AbstractContextManager[Databases]:
        """Databases that are all gone after the block."""
        ...

    def look(self, url: str, query: str, *parameters: Any) -> list[Any]:
        """The rows of a query on a connection of its own."""
        ...

    def taped(self) -> AbstractContextManager[Tape]:
        """What applications write that are opened inside the block."""
        ...

    def connect(self, url: str) -> Any:
        """A connection of the bare driver, set up as the library sets up its own."""
        ...

    def run(self, connection: Any, transaction: Transaction) -> None:
        """Do again what was recorded."""
        ...

    def read_newest(self, connection: Any) -> None:
        """Read the newest job."""
        ...

    def replay(self, url: str, transactions: list[Transaction], *, weighs_log: bool) -> Replayed:
        """Do a whole recording again, timed; with `weighs_log` the log's growth is exact."""
        ...

    def counts(self, transactions: list[Transaction]) -> dict[str, int]:
        """How many commits there were, statements, and on a server round trips to it.

        Each set of parameters counts as a statement; BEGIN and COMMIT are none.
        """
        ...

    def multiply(self, url: str, more: int) -> None:
        """Add clones of all jobs, their events with them, until there are `more` jobs more."""
        ...

    def settle(self, url: str) -> None:
        """Give a database, after many adds, what it would give itself in a minute."""
        ...

    def claim_cost(self, url: str, limit: int) -> int:
        """What the claim of so many jobs costs, in `claim_unit`; the claim is undone.

        On a server it leaves traces all the same, so that a second one costs something else.
        """
        ...
