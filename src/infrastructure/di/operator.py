"""`Operator`: a database in the hands of somebody who looks after it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager

from ...core.application.database_copy import DatabaseCopy
from ...core.application.doctor import Checked, Doctor
from ...core.application.facade.sync_client import SyncErrands
from ...core.domain.store_errors import OutdatedSchema, StoreUnavailable
from ...core.ports.database import DatabaseFacts
from ..persistence.open_database import open_database
from .application import Errands


class Operator:
    """What front ends do with a database besides adding jobs to it and running them.

    `url` as for `Errands`. Only `open(creates=True)` and `migrate` create a database or
    change its schema, and `copying_to` does so with its target; everything else raises
    `StoreUnavailable` where there is none, and `OutdatedSchema` or `NewerSchema` where this
    version cannot work with it.
    """

    def __init__(self, url: str | None = None) -> None:
        self._reading = Errands(url, migrate=False)
        self._creating = Errands(url)
        self._database = open_database(self._reading.container.store())

    @property
    def url(self) -> str:
        """The database, without password."""
        return self._reading.url

    def facts(self) -> DatabaseFacts:
        """What the database is, whatever state it is in."""
        return self._database.facts()

    @contextmanager
    def open(self, *, creates: bool = False) -> Generator[SyncErrands, None, None]:
        """The application on this database, as long as the block runs."""
        if not creates:
            self._require_queue()
        with (self._creating if creates else self._reading).sync as app:
            yield app

    def migrate(self) -> None:
        """Create the database where there is none, and bring its schema up to date."""
        Errands(self._creating.settings.url, migrate=True).sync.initialize().shutdown()

    def examine(self, *, thorough: bool = True) -> Iterator[Checked]:
        """Hold every row to the rules, step by step; see `Doctor`."""
        with self.open():
            doctor = Doctor(store=self._reading.container.store(), database=self._database)
            yield from doctor.examine(thorough=thorough)

    @contextmanager
    def copying_to(self, target: Operator) -> Generator[DatabaseCopy, None, None]:
        """The way from this database to another one, which is made and migrated if need be."""
        with self.open():
            target.migrate()
            with target.open():
                here, there = target._reading.container.store(), self._reading.container.store()
                yield DatabaseCopy(source=there, target=here)

    def _require_queue(self) -> None:
        facts = self.facts()
        if not facts.exists:
            raise StoreUnavailable(facts.url, "it does not exist; `errands db migrate` makes it")
        if facts.revision is None:
            raise OutdatedSchema(facts.url, "it holds no queue yet")
