"""Which stores the suites run on.

Memory and SQLite always. A server where one can be reached: by its URL in
`ERRANDS_TEST_<NAME>_URL`, else at its default address; the suites make databases of their own
there, and drop them. `ERRANDS_REQUIRE_STORES` names stores (comma-separated, or `all`) that
must not be left out.
"""

import os
import socket
from collections.abc import Mapping
from functools import cache
from typing import Final
from urllib.parse import urlsplit

ALWAYS: Final = ("memory", "sqlite")
DEFAULTS: Final[Mapping[str, str]] = {
    "postgresql": "postgresql://postgres@127.0.0.1:5432/postgres",
    "mariadb": "mariadb://root@127.0.0.1:3306/test",
}
"""Where servers are looked for that no variable names."""
PORTS: Final = {"postgresql": 5432, "mariadb": 3306}
SERVERS: Final = tuple(DEFAULTS)


def url_variable(name: str) -> str:
    return f"ERRANDS_TEST_{name.upper()}_URL"


def url_of(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """The address of a server."""
    return environment.get(url_variable(name)) or DEFAULTS[name]


def chosen(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The stores to run on."""
    named = (name for name in SERVERS if environment.get(url_variable(name)))
    found = [name for name in SERVERS if name in named or is_there(url_of(name, environment))]
    return [*ALWAYS, *found]


def left_out(environment: Mapping[str, str] = os.environ) -> list[str]:
    """What to say about the stores that are not run on."""
    there = chosen(environment)
    return [
        f"{name} (nobody at {url_of(name, environment)}; {url_variable(name)} names another)"
        for name in SERVERS
        if name not in there
    ]


def required(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The stores that must be run on."""
    wanted = environment.get("ERRANDS_REQUIRE_STORES", "")
    if wanted == "all":
        return [*ALWAYS, *SERVERS]
    return [name.strip() for name in wanted.split(",") if name.strip()]


@cache
def is_there(url: str) -> bool:
    """Whether somebody listens at an address."""
    parts = urlsplit(url)
    port = parts.port or PORTS.get(parts.scheme, 0)
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
