"""What every kind of test shares: how thorough property tests are, and the stores."""

import os
import signal
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
    max_examples=50,
    print_blob=True,
    stateful_step_count=30,
)
# `make faults` looks four times as often, and further from the beginning.
settings.register_profile(
    "long", settings.get_profile("ci"), max_examples=200, stateful_step_count=50
)
# On a further interpreter the same rules are tried again, see `tests.pythons`.
settings.register_profile("quick", deadline=None, max_examples=20, stateful_step_count=20)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

# A shell ignores it for what it starts in the background; the programs of tests are to hear it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

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
