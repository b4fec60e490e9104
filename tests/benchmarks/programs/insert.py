"""Bare inserts: one row a commit, with nothing of the library around it."""

from __future__ import annotations

from contextlib import closing
from time import perf_counter
from typing import Any

from tests.benchmarks.jobs import NAME, QUEUE, application, data
from tests.benchmarks.programs.talk import arguments, tell
from tests.benchmarks.stores.catalogue import store_of


def rows(url: str, count: int) -> tuple[list[str], list[list[Any]]]:
    """Names and values of so many rows, like the one the library writes for a job."""
    with application(url).sync as app:
        app.queue(QUEUE).add(NAME, data())
    with closing(store_of(url).connect(url)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT * FROM errands_job")
        names = [column[0] for column in cursor.description]
        [row] = cursor.fetchall()
    like = dict(zip(names, row, strict=True))
    return names, [
        list({**like, "key": number, "sequence": number, "id": f"{number:032x}"}.values())
        for number in range(1_000, 1_000 + count)
    ]


def main(url: str, count: int) -> None:
    """Insert one after the other."""
    store = store_of(url)
    names, values = rows(url, count)
    columns = ", ".join(map(store.quoted, names))
    statement = f"INSERT INTO errands_job ({columns}) VALUES ({', '.join(['%s'] * len(names))})"
    with closing(store.connect(url)) as connection:
        cursor = connection.cursor()
        started = perf_counter()
        for row in values:
            cursor.execute(statement, row)
        tell(seconds=perf_counter() - started)


if __name__ == "__main__":
    main(**arguments())
