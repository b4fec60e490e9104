"""Databases on a server for the measures."""

from __future__ import annotations

import os
import platform
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Final, Protocol
from zlib import crc32

from sqlalchemy import make_url

from tests import servers
from tests.benchmarks.stores.databases import Databases, make


def _here() -> str:
    """Eight digits for where process numbers count: this machine, or this container of it."""
    space = Path("/proc/self/ns/pid")
    text = f"{platform.node()} {space.readlink() if space.exists() else ''}"
    return f"{crc32(text.encode()):08x}"


_PREFIX: Final = f"errands_bench_{_here()}_"
_numbers: Final = count(1)


class Maker(Protocol):
    """How databases are made on a server; all by their names."""

    @property
    def server(self) -> servers.Server:
        """The server, as all tests know it."""
        ...

    def create(self, name: str) -> None:
        """Make a database with nothing in it."""
        ...

    def create_copy(self, original: str, name: str) -> None:
        """Make a database like another one, which nobody has open."""
        ...

    def drop(self, name: str) -> None:
        """Drop a database if it is there, whoever has it open."""
        ...

    def databases_like(self, prefix: str) -> list[str]:
        """The databases whose names begin so."""
        ...

    def settle(self, url: str) -> None:
        """Give a database, after many adds, what it would give itself in a minute."""
        ...


class ServerDatabases(Databases):
    """Databases on a running server, named for the process that made them.

    What a process has left there that was killed is removed by the next.
    """

    def __init__(self, maker: Maker) -> None:
        self._maker = maker
        self._made: list[str] = []
        self._empty: str | None = None

    def new(self, waiting: int = 0) -> str:
        name = self._name()
        url = self._maker.server.url_of(name)
        if not waiting and self._empty is not None:
            self._maker.create_copy(self._empty, name)
            return url
        self._maker.create(name)
        make(url, waiting)
        if waiting:
            self._maker.settle(url)
        else:
            self._empty = name
        return url

    @contextmanager
    def copy(self, original: str) -> Generator[str]:
        name = self._name()
        try:
            self._maker.create_copy(make_url(original).database or "", name)
            yield self._maker.server.url_of(name)
        finally:
            self._drop(name)

    def sweep(self) -> None:
        """Remove what processes of this machine have left that are no more."""
        for name in self._maker.databases_like(_PREFIX):
            number = name.removeprefix(_PREFIX).partition("_")[0]
            if number.isdecimal() and not _is_alive(int(number)):
                self._maker.drop(name)

    def remove(self) -> None:
        """Remove what is left: each, also where removing another one fails."""
        with ExitStack() as leaving:
            for name in list(self._made):
                leaving.callback(self._drop, name)

    def _name(self) -> str:
        name = f"{_PREFIX}{os.getpid()}_{next(_numbers)}"
        self._made.append(name)
        return name

    def _drop(self, name: str) -> None:
        self._maker.drop(name)
        self._made.remove(name)


def _is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
