"""Applications of one process that are initialized at once, on databases that hold nothing."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from errands import Errands
from tests import servers
from tests.integration.life.conftest import LASTING

MANY = 4


@pytest.fixture(params=LASTING)
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[str]]:
    """Databases without a schema, each twice."""
    if request.param == "sqlite":
        yield [f"sqlite:///{tmp_path}/{n}.db" for n in range(MANY)] * 2
        return
    server = servers.server(request.param)
    with ExitStack() as stack:
        names = [stack.enter_context(server.database()) for _ in range(MANY)]
        yield [server.url_of(name) for name in names] * 2


def test_threads_initialize_applications_at_once(urls: list[str]) -> None:
    begin = threading.Barrier(len(urls))

    def add(url: str) -> str:
        begin.wait(20)
        with Errands(url).sync as app:
            return app.queue().add("x").id

    with ThreadPoolExecutor(len(urls)) as threads:
        assert len(set(threads.map(add, urls))) == len(urls)


async def test_an_event_loop_initializes_applications_at_once(urls: list[str]) -> None:
    async def add(url: str) -> str:
        async with Errands(url) as app:
            return (await app.queue().add("x")).id

    assert len(set(await asyncio.gather(*map(add, urls)))) == len(urls)
