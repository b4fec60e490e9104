"""Keeps a number of worker processes alive."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Final

from ...core.domain.job.defaults import GRACE_AT_STOP

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
PAUSES: Final = (0.5, 30.0)
"""The first and the longest pause before a child that died at once is replaced, in seconds."""
AT_ONCE_SECONDS: Final = 5.0
"""A child that lived no longer than this died at once."""
LAST_WORD_SECONDS: Final = 12.0
"""How long children may take after a second signal: to give their jobs back, 5 s, and to end
themselves where something hangs, 5 s more."""
LOOK_EVERY_SECONDS: Final = 0.1
"""How often a child is looked after."""
WORKER: Final = (sys.executable, "-m", f"{__package__}", "worker")

_log = logging.getLogger("errands.supervisor")
Child = subprocess.Popen[bytes]


class Supervisor:
    """Starts `count` worker processes and replaces those that die.

    A child that dies at once is replaced after a pause, doubling from 0.5 s to 30 s; one that
    cannot be started, for want of descriptors or memory, is tried again. No child needs a thread
    of this process. SIGTERM and SIGINT are passed on and end the supervision when all children
    have ended; those that are still there 12 s after `grace` seconds, or after a second signal,
    are killed. `arguments` are those of `errands worker`; `environment` is added to this
    process's; `output` takes what the children print.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        count: int,
        *,
        environment: Mapping[str, str] | None = None,
        output: IO[bytes] | None = None,
        grace: float = GRACE_AT_STOP.total_seconds(),
    ) -> None:
        self._command = (*WORKER, *arguments, "--supervised")
        self._count = count
        self._environment = None if environment is None else {**os.environ, **environment}
        self._output = output
        self._grace = grace
        self._children: dict[int, Child] = {}
        self._signals = 0
        self._stopping = asyncio.Event()
        self._failed = 0
        self.replaced = 0

    @property
    def children(self) -> tuple[int, ...]:
        """The process ids of the children that run now, by their place."""
        return tuple(child.pid for _, child in sorted(self._children.items()))

    def run(self) -> int:
        """Supervise until told to stop by a signal; 1 if a child failed then, or was killed."""
        return asyncio.run(self._run())

    async def _run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.stop)
        try:
            await self.supervise()
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)
        return 1 if self._failed else 0

    async def supervise(self) -> None:
        """Keep the children alive until `stop`, then wait for their end."""
        async with asyncio.TaskGroup() as group:
            for place in range(self._count):
                group.create_task(self._keep_alive(place))

    def stop(self) -> None:
        """Ask the children to end; a second time, to give their jobs back and end at once."""
        self._signals += 1
        self._stopping.set()
        for child in self._children.values():
            _send(child, signal.SIGTERM)
        if self._signals <= 2:
            wait = LAST_WORD_SECONDS + (self._grace if self._signals == 1 else 0.0)
            asyncio.get_running_loop().call_later(wait, self._kill)

    async def _keep_alive(self, place: int) -> None:
        pause, longest = PAUSES
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                exit_code = await self._live(place)
            except (OSError, MemoryError) as error:
                _log.error("a worker was not started, trying again: %s", error)
                await self._rest(PAUSES[0])
                continue
            if self._stopping.is_set():
                self._failed += exit_code > 0 or exit_code == -signal.SIGKILL
                return
            self.replaced += 1
            if time.monotonic() - started > AT_ONCE_SECONDS:
                pause = 0.0
            _log.warning("a worker ended (%s), replacing it in %g s", _why(exit_code), pause)
            await self._rest(pause)
            pause = min(max(pause * 2, PAUSES[0]), longest)

    async def _live(self, place: int) -> int:
        """Run one child from its start to its end; its exit code."""
        # Not by asyncio, which has a thread wait for it: where there is none to be had, the child
        # is there, and nobody knows of it.
        child = self._started()
        self._children[place] = child
        _log.info("worker %d started", child.pid)
        if self._stopping.is_set():
            _send(child, signal.SIGTERM)
        try:
            while (exit_code := child.poll()) is None:  # noqa: ASYNC110 - no event tells of it
                await asyncio.sleep(LOOK_EVERY_SECONDS)
            return exit_code
        finally:
            del self._children[place]
            if child.stdin is not None:
                child.stdin.close()

    def _started(self) -> Child:
        # Its own session: Ctrl-C must reach it once, through the supervisor, not twice.
        return subprocess.Popen(  # noqa: S603 - this very program
            self._command,
            stdin=subprocess.PIPE,
            stdout=self._output,
            stderr=self._output,
            env=self._environment,
            start_new_session=True,
        )

    async def _rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    def _kill(self) -> None:
        for child in self._children.values():
            _log.error("worker %d did not end and is killed; its leases run out", child.pid)
            if child.returncode is None:
                # Its whole session, which nobody else is in: what it has started would go on.
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(child.pid, signal.SIGKILL)


def die_with_parent() -> None:
    """Stop as if by SIGTERM when standard input ends: then the supervisor is gone."""

    def wait_for_the_end() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            continue
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait_for_the_end, name="errands-parent", daemon=True).start()


def _send(child: Child, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        child.send_signal(number)


def _why(exit_code: int) -> str:
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"signal {-exit_code}"
