"""Where each axis is measured: in a database of its own, or on a server of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from tests import servers
from tests.benchmarks.scale.axes import (
    grow_backlog,
    grow_history,
    grow_queues,
    measure_grown,
    measure_queues,
)
from tests.benchmarks.scale.crowds import measure_crowds
from tests.benchmarks.scale.ground import Found, Ground, Run, ground
from tests.benchmarks.scale.sizes import Sizes
from tests.benchmarks.stores.postgresql import Postgresql
from tests.faults import pgbouncer
from tests.faults.own_postgresql import OwnPostgresql
from tests.faults.site import Site

Points = Iterator[tuple[int, Found]]
"""Each point with its measures, which are taken as they are read."""
Axis = Callable[[Sequence[int], Run], Points]

SETTINGS: Final = {"fsync": "on", "max_connections": "500", "shared_buffers": "128MB"}
"""Those of a server that was just installed, with more connections."""
CLIENTS: Final = 1_000


class OnOwnServer(Postgresql):
    """Databases on a server of the tests' own."""

    def __init__(self, own: OwnPostgresql) -> None:
        self._own = own

    @property
    def server(self) -> servers.Server:
        """See the base."""
        return self._own.server


def _grown(
    grow: Callable[[Ground, int, int], None],
    measure: Callable[[Ground, int], Found],
    points: Sequence[int],
    run: Run,
) -> Points:
    """One database that grows from point to point."""
    before = 0
    with _ground(Postgresql(), run) as site:
        for point in sorted(points):
            grow(site, before, point)
            before = point
            with run.quiet.alone():
                yield point, measure(site, point)


def _crowded(points: Sequence[int], run: Run) -> Points:
    """A server that lets more connections in."""
    with OwnPostgresql(**SETTINGS) as own, _ground(OnOwnServer(own), run) as site:
        for point in points:
            with run.quiet.alone():
                yield point, measure_crowds(site, site.url, point)


def _pooled(points: Sequence[int], run: Run) -> Points:
    """As many clients, by way of a pooler in transaction mode."""
    with OwnPostgresql(**SETTINGS) as own, _ground(OnOwnServer(own), run) as site:
        pooler = pgbouncer.Pgbouncer(own, run.sizes.pooled, CLIENTS)
        with pooler:
            url = pooler.url(Site("postgresql", site.url))
            for point in points:
                with run.quiet.alone():
                    yield point, measure_crowds(site, url, point)


@contextmanager
def _ground(store: Postgresql, run: Run) -> Generator[Ground]:
    with (
        tempfile.TemporaryDirectory(prefix="errands-scale-") as folder,
        store.databases(Path(folder)) as databases,
    ):
        yield ground(store, databases.new(), run)


AXES: Final[dict[str, Axis]] = {
    "history": partial(_grown, grow_history, measure_grown),
    "backlog": partial(_grown, grow_backlog, measure_grown),
    "queues": partial(_grown, grow_queues, measure_queues),
    "connections": _crowded,
    "pooler": _pooled,
}

FROM_NOTHING: Final = frozenset({"history", "backlog"})
"""Axes that may begin at 0."""


def points_of(axis: str, sizes: Sizes) -> tuple[int, ...]:
    """Where an axis is measured."""
    match axis:
        case "history":
            return sizes.history
        case "backlog":
            return sizes.backlog
        case "queues":
            return sizes.queues
        case _:
            return sizes.connections


def missing(axis: str) -> str:
    """What this machine lacks for an axis; empty where nothing is."""
    if axis in {"connections", "pooler"} and OwnPostgresql.missing():
        return f"a PostgreSQL of its own ({', '.join(OwnPostgresql.missing())})"
    if axis == "pooler" and shutil.which("pgbouncer", path=pgbouncer.PATH) is None:
        return "pgbouncer"
    return ""
