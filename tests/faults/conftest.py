"""Processes to kill, and the file they leave behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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
def processes(path: Path) -> Iterator[Processes]:
    """Starts programs on the file, and ends those that are left."""
    with Processes(path, module="tests.faults.programs") as processes:
        yield processes
