"""A database on each store that outlives its process, and a folder to write a program into."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from errands import Errands
from tests import stores
from tests.integration.cli.terminal import Terminal
from tests.servers import Scratch

LASTING = [name for name in stores.chosen() if name != "memory"]
Shop = Callable[[str], Terminal]


@pytest.fixture
def empty(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[str], str]:
    """The URL of the test's own database on a store, with nothing in it."""

    def url_of(name: str) -> str:
        if name == "memory":
            return "memory://"
        if name == "sqlite":
            template: Path = request.getfixturevalue("errands_sqlite_template")
            shutil.copyfile(template, tmp_path / "errands.db")
            return f"sqlite:///{tmp_path / 'errands.db'}"
        scratch: Scratch = request.getfixturevalue(f"{name}_scratch")
        return scratch.emptied()

    return url_of


@pytest.fixture(params=LASTING)
def url(request: pytest.FixtureRequest, empty: Callable[[str], str]) -> str:
    """An empty database on each store that outlives its process."""
    return empty(request.param)


@pytest.fixture(params=["memory", *LASTING])
def app(request: pytest.FixtureRequest, empty: Callable[[str], str]) -> Errands:
    """An application on each store that nobody has opened."""
    return Errands(empty(request.param), poll=0.05)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A folder with no database in it."""
    return Terminal(tmp_path)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Writes `shop.py`; the commands of the terminal that it gives find it."""

    def write(program: str) -> Terminal:
        (tmp_path / "shop.py").write_text(program)
        return Terminal(tmp_path)

    return write
