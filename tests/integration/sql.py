"""A look into a file that no application of this process has open."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any


def changed(path: Path, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Run one statement, commit, and give its rows."""
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement, values).fetchall()
