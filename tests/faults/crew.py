"""The processes of a fault test, all on one database."""

import asyncio
import os
import signal
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import Self

from tests.faults.hosts import Host
from tests.integration.processes import Program


class Member(Program):
    """A process that may also be frozen, and be heard without blocking the test's loop."""

    def __init__(self, name: str, *arguments: object, on: Host | None = None) -> None:
        under = () if on is None else on.command
        super().__init__(name, *arguments, module="tests.faults.programs", under=under)
        self.on = on
        """The host it runs on; None is this machine."""

    @property
    def pid(self) -> int:
        return self._process.pid

    @contextmanager
    def frozen(self) -> Generator[None]:
        """It gets no time as long as the block runs."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    async def says(self, wanted: str) -> None:
        """Wait for the next line, which must be this one."""
        await asyncio.to_thread(self.expect, wanted)

    async def ends(self) -> int:
        """Wait for its end; its exit code."""
        return await asyncio.to_thread(self.wait)


class Crew:
    """Starts programs on a database, and ends those that are left when the block ends.

    Where there are hosts, programs are spread over them in turn, unless one is named.
    """

    def __init__(self, url: str, hosts: Sequence[Host] = ()) -> None:
        self.url = url
        self.hosts = hosts
        self._turns = cycle(hosts or [None])
        self._members: list[Member] = []

    def start(
        self, name: str, *arguments: object, url: str | None = None, on: Host | None = None
    ) -> Member:
        """Start a program; the database's URL is its first argument."""
        member = Member(name, url or self.url, *arguments, on=on or next(self._turns))
        self._members.append(member)
        return member

    def ready(
        self, name: str, *arguments: object, url: str | None = None, on: Host | None = None
    ) -> Member:
        """Start a program, and wait until it says that it is ready."""
        member = self.start(name, *arguments, url=url, on=on)
        member.expect("ready")
        return member

    def dismiss(self) -> None:
        """Let those that are left go home; each must end well."""
        left = [member for member in self._members if member.is_alive]
        for member in left:
            member.tell()
        for member in left:
            member.succeed()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for member in self._members:
            member.close()
