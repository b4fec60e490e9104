"""Which stores the suites run on.

Memory and SQLite always. Another one by its URL in `ERRANDS_TEST_<NAME>_URL`, for a database
that may be emptied. `ERRANDS_REQUIRE_STORES` names stores (comma-separated, or `all`) that must
not be left out.
"""

import os
from collections.abc import Mapping
from typing import Final

ALWAYS: Final = ("memory", "sqlite")
SERVERS: Final[tuple[str, ...]] = ()
"""Stores that need a server, and so a URL."""


def url_variable(name: str) -> str:
    return f"ERRANDS_TEST_{name.upper()}_URL"


def chosen(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The stores to run on."""
    return [*ALWAYS, *(name for name in SERVERS if environment.get(url_variable(name)))]


def left_out(environment: Mapping[str, str] = os.environ) -> list[str]:
    """What to say about the stores that are not run on."""
    missing = [name for name in SERVERS if name not in chosen(environment)]
    return [f"{name} (no {url_variable(name)})" for name in missing]


def required(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The stores that must be run on."""
    wanted = environment.get("ERRANDS_REQUIRE_STORES", "")
    if wanted == "all":
        return [*ALWAYS, *SERVERS]
    return [name.strip() for name in wanted.split(",") if name.strip()]
