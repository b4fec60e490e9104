"""One open application on each store, on a clock that the test moves."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from errands import Errands, Queue
from errands.testing import FakeClock, application
from tests import stores
from tests.servers import Scratch


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=stores.chosen())
def url(request: pytest.FixtureRequest, tmp_path: Path, errands_sqlite_template: Path) -> str:
    """An empty database."""
    name = str(request.param)
    if name == "sqlite":
        shutil.copyfile(errands_sqlite_template, tmp_path / "errands.db")
        return f"sqlite:///{tmp_path / 'errands.db'}"
    if name == "memory":
        return "memory://"
    scratch: Scratch = request.getfixturevalue(f"{name}_scratch")
    return scratch.emptied()


@pytest.fixture
async def app(url: str, clock: FakeClock) -> AsyncIterator[Errands]:
    async with application(url, clock=clock) as app:
        yield app


@pytest.fixture
def queue(app: Errands) -> Queue:
    return app.queue()
