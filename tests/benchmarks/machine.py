"""What the figures were taken on: no names, only what explains them."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import Any

from errands.infrastructure.persistence.sql.sqlite.driver import driver


def facts(*, is_quick: bool) -> dict[str, Any]:
    """The machine's class and the versions of what runs on it."""
    return {
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, shared",
        "python": platform.python_version(),
        "sqlite": driver().sqlite_version,
        "driver": driver().__name__.partition(".")[0],
        "durability": "WAL, synchronous=NORMAL",
        "packages": {
            name: version(name)
            for name in ("errands", "sqlalchemy", "msgspec", "attrs", "uvloop")
            if _is_installed(name)
        },
        "quick": is_quick,
    }


def _is_installed(name: str) -> bool:
    from importlib.util import find_spec

    return find_spec(name) is not None
