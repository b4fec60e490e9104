"""Fixtures for pytest: `pytest_plugins = ["errands.testing"]` in a `conftest.py`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..di.application import Errands
from .application import application
from .clock import FakeClock


@pytest.fixture
def errands_clock() -> FakeClock:
    """The clock of the other fixtures' applications."""
    return FakeClock()


@pytest.fixture
def errands_app(errands_clock: FakeClock) -> Iterator[Errands]:
    """An open application in memory, on `errands_clock`; it leaves nothing behind.

    Async tests use it as it is; one that has listeners (`app.on`) enters it first:
    `async with errands_app:`.
    """
    app = application(clock=errands_clock)
    with app.sync:
        yield app


@pytest.fixture(scope="session")
def errands_sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database file, made by the migrations once in a test session."""
    path = tmp_path_factory.mktemp("errands") / "template.db"
    with Errands(f"sqlite:///{path}").sync:
        return path


@pytest.fixture
def errands_sqlite_app(
    errands_clock: FakeClock, errands_sqlite_template: Path, tmp_path: Path
) -> Iterator[Errands]:
    """An open application on a SQLite file of its own, on `errands_clock`."""
    path = tmp_path / "errands.db"
    shutil.copyfile(errands_sqlite_template, path)
    app = application(f"sqlite:///{path}", clock=errands_clock)
    with app.sync:
        yield app
