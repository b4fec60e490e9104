"""The promises of the store port, kept by every store."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import ClassVar

import pytest

from errands.core.ports.store import Store
from errands.core.ports.wakeup import Wakeup
from errands.infrastructure.persistence.open_store import open_store
from errands.infrastructure.settings import Settings
from errands.testing import StoreContract
from tests import stores
from tests.servers import Scratch


class TestMemoryStore(StoreContract):
    def make_store(self, clock: Callable[[], datetime], wakeup: Wakeup) -> Store:
        return open_store(Settings(url="memory://"), clock, wakeup)


class TestSqliteStore(StoreContract):
    @pytest.fixture(autouse=True)
    def in_a_file_of_its_own(self, tmp_path: Path) -> None:
        self.url = f"sqlite:///{tmp_path / 'errands.db'}"

    def make_store(self, clock: Callable[[], datetime], wakeup: Wakeup) -> Store:
        return open_store(Settings(url=self.url), clock, wakeup)


class TestSqliteStoreInMemory(StoreContract):
    def make_store(self, clock: Callable[[], datetime], wakeup: Wakeup) -> Store:
        return open_store(Settings(url="sqlite:///:memory:"), clock, wakeup)

    # Closing a database in memory is forgetting it.
    test_opening_and_closing_twice_is_harmless = None  # type: ignore[assignment]


class OnServer(StoreContract):
    """A store on a server; the database is this process's own."""

    name: ClassVar[str]

    @pytest.fixture(autouse=True)
    def in_an_empty_database(self, request: pytest.FixtureRequest) -> None:
        if self.name not in stores.chosen():
            pytest.skip(f"left out: no {self.name}")
        scratch: Scratch = request.getfixturevalue(f"{self.name}_scratch")
        self.url = scratch.emptied()

    def make_store(self, clock: Callable[[], datetime], wakeup: Wakeup) -> Store:
        return open_store(Settings(url=self.url), clock, wakeup)


class TestPostgresqlStore(OnServer):
    name = "postgresql"


class TestMariadbStore(OnServer):
    name = "mariadb"


def test_no_required_store_is_left_out() -> None:
    assert [name for name in stores.required() if name not in stores.chosen()] == []
