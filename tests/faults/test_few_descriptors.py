"""A process that may open only a few more files connects to a server."""

import os
import resource
from collections.abc import Generator
from contextlib import contextmanager, suppress

import pytest

from errands import Errands, StoreError
from tests.faults.conftest import SERVERS
from tests.faults.site import Site

pytestmark = pytest.mark.parametrize("store_name", SERVERS, indirect=True)


@contextmanager
def descriptors_left(count: int) -> Generator[None]:
    """This process may open so many more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = list[int]()
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.dup(0))
        for _ in range(count):
            os.close(taken.pop())
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("count", range(6))
def test_who_cannot_connect_for_want_of_descriptors_is_told_by_an_error_of_the_store(
    site: Site, count: int
) -> None:
    with Errands(site.url).sync as app:
        first = app.queue().add("x")
    with descriptors_left(count), suppress(StoreError), Errands(site.url).sync as app:
        app.queue().add("x")

    with Errands(site.url).sync as app:
        assert app.queue().get(first.id).name == "x"
