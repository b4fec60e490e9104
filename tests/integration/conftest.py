"""A database file for each test, and an application on it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from errands import Errands
from tests.integration.processes import Processes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the test's database is or will be."""
    return tmp_path / "jobs.db"


@pytest.fixture
def url(path: Path) -> str:
    """The URL of the test's database."""
    return f"sqlite:///{path}"


@pytest.fixture
async def app(url: str) -> AsyncIterator[Errands]:
    """An open application in the test's own process."""
    async with Errands(url) as app:
        yield app


@pytest.fixture
def processes(path: Path) -> Iterator[Processes]:
    """Starts other processes on the same file, and ends those that are left."""
    with Processes(path) as processes:
        yield processes
