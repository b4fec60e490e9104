"""What the figures were taken on: no names, only what explains them."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from tests.benchmarks.stores.catalogue import store


def facts(*, is_quick: bool, stores: Iterable[str] = ("sqlite",)) -> dict[str, Any]:
    """The machine's class, the versions of what runs on it, and the stores' own facts."""
    return {
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, shared",
        "python": platform.python_version(),
        "databases": {name: store(name).facts() for name in stores},
        "packages": {
            name: version(name)
            for name in ("errands", "sqlalchemy", "msgspec", "attrs", "uvloop")
            if find_spec(name) is not None
        },
        "quick": is_quick,
    }
