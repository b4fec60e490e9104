"""An application on each server that is there, in a database that the test has for itself."""

from collections.abc import AsyncIterator, Iterator

import pytest

from errands import Errands
from tests import servers, stores


@pytest.fixture(params=stores.SERVERS)
def server(request: pytest.FixtureRequest) -> servers.Server:
    """Each server in turn."""
    name = str(request.param)
    if name not in stores.chosen():
        pytest.skip(f"left out: no {name}")
    return servers.server(name)


@pytest.fixture
def url(server: servers.Server, request: pytest.FixtureRequest) -> str:
    """The URL of an empty database that has the schema."""
    scratch: servers.Scratch = request.getfixturevalue(f"{server.name}_scratch")
    return scratch.emptied()


@pytest.fixture
def bare_url(server: servers.Server) -> Iterator[str]:
    """The URL of a new database with nothing in it at all."""
    with server.database() as name:
        yield server.url_of(name)


@pytest.fixture
async def app(url: str) -> AsyncIterator[Errands]:
    """An open application in the test's own process."""
    async with Errands(url) as app:
        yield app
