"""What every kind of test shares: how thorough property tests are, and the stores."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests import servers, stores

# No deadline in either: tests run side by side, and a slow example is no wrong one.
settings.register_profile("dev", deadline=None, max_examples=50, stateful_step_count=30)
# Random on purpose, so that every run looks elsewhere; a failure prints the blob that repeats it.
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=False,
    max_examples=200,
    print_blob=True,
    stateful_step_count=50,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

pytest.register_assert_rewrite("tests.property.sides", "errands.infrastructure.testing")
pytest_plugins = ["errands.testing"]


@pytest.fixture(scope="session")
def postgresql_scratch() -> Iterator[servers.Scratch]:
    """A database of this process on PostgreSQL."""
    with servers.scratch("postgresql") as scratch:
        yield scratch


@pytest.fixture(scope="session")
def mariadb_scratch() -> Iterator[servers.Scratch]:
    """A database of this process on MariaDB."""
    with servers.scratch("mariadb") as scratch:
        yield scratch


def pytest_report_header() -> list[str]:
    """Say which stores the suites run on, and which they do not."""
    return [
        f"errands stores: {', '.join(stores.chosen())}",
        f"errands stores left out: {', '.join(stores.left_out()) or 'none'}",
    ]
