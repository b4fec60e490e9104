"""A Python that has everything imported already, and forks a process for each program.

Run as `python -m tests.fork_server FD`, where FD is its end of a socket; `tests.forked` is who
asks. An interpreter that imports SQLAlchemy, a driver and the command line takes most of a second
of processor time; a copy of one that has imported them takes a hundredth. Nothing is open in it
and no thread runs, so that a copy is as good as new.
"""

import gc
import importlib
import importlib.util
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

import errands
from tests.forked import NUMBER

MOST_BYTES: Final = 1 << 20
STREAMS: Final = 3


def _hear(_: int, __: object) -> None:
    """That a child has ended is read from the descriptor that wakes the server."""


class ForkServer:
    """Forks when asked, and tells how each of its children ended."""

    def __init__(self, asked: socket.socket) -> None:
        self._asked = asked
        self._running: dict[int, int] = {}
        self._ended, self._tell_ended = os.pipe()
        for end in (self._ended, self._tell_ended):
            os.set_blocking(end, False)

    def serve(self) -> dict[str, Any] | None:
        """Serve until nobody can ask any more; in a child return at once, with what to run."""
        signal.signal(signal.SIGCHLD, _hear)
        signal.set_wakeup_fd(self._tell_ended, warn_on_full_buffer=False)
        while True:
            ready, _, _ = select.select([self._asked.fileno(), self._ended], [], [])
            if self._ended in ready:
                os.read(self._ended, 4096)
                self._tell_who_ended()
            if self._asked.fileno() in ready:
                packet, given, _, _ = socket.recv_fds(self._asked, MOST_BYTES, STREAMS + 1)
                if not packet:
                    return None
                request: dict[str, Any] = json.loads(packet)
                if self._is_child(request, given):
                    return request

    def _is_child(self, request: dict[str, Any], given: Sequence[int]) -> bool:
        *streams, status = given
        if request["module"]:
            # What it imports is imported once; the program itself is run anew in each child.
            importlib.import_module(request["module"])
        gc.collect()
        gc.freeze()
        pid = os.fork()
        if pid == 0:
            self._become(request, streams)
            return True
        self._running[pid] = status
        os.write(status, NUMBER.pack(pid))
        for stream in streams:
            os.close(stream)
        return False

    def _become(self, request: dict[str, Any], streams: Sequence[int]) -> None:
        """Let go of what is the server's, and take what was given."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.closerange(STREAMS, max(*streams, self._asked.detach(), *self._running.values(), 64))
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["env"])
        time.tzset()
        open_streams(is_unbuffered=bool(request["env"].get("PYTHONUNBUFFERED")))

    def _tell_who_ended(self) -> None:
        with suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                pid, how = found
                status = self._running.pop(pid)
                with suppress(BrokenPipeError):
                    os.write(status, NUMBER.pack(os.waitstatus_to_exitcode(how)))
                os.close(status)


def open_streams(*, is_unbuffered: bool) -> None:
    """Standard streams as an interpreter makes them when it starts."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        before: TextIOWrapper = getattr(sys, f"__{name}__")
        stream = open(  # noqa: SIM115 - for as long as the process lives
            number,
            "rb" if number == 0 else "wb",
            buffering=0 if is_unbuffered and number else -1,
            closefd=False,
        )
        text = TextIOWrapper(
            stream,
            encoding=before.encoding,
            errors=before.errors,
            line_buffering=name == "stderr" or (number == 1 and stream.isatty()),
            write_through=is_unbuffered and number > 0,
        )
        setattr(sys, name, text)
        setattr(sys, f"__{name}__", text)


def run(module: str | None, arguments: list[str]) -> None:
    """Run a module, or the file that is the first argument, as the interpreter's one program."""
    main = ModuleType("__main__")
    if module is None:
        path = Path(arguments[0]).absolute()
        sys.path[0] = str(path.parent)
        code = compile(path.read_bytes(), str(path), "exec")
        main.__file__ = str(path)
    else:
        spec, code = found(module)
        main.__spec__ = spec
        main.__package__ = module.rpartition(".")[0]
        main.__file__ = spec.origin
        arguments = [str(spec.origin), *arguments]
    sys.argv = arguments
    sys.modules["__main__"] = main
    exec(code, main.__dict__)  # noqa: S102 - it is what was asked for


def found(module: str) -> tuple[Any, CodeType]:
    """Where a module comes from, and its compiled text."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    loader: Any = spec.loader
    return spec, loader.get_code(module)


def import_all() -> None:
    """Import what a program may import later: the whole package, and so its drivers."""
    for module in pkgutil.walk_packages(errands.__path__, "errands."):
        if not module.name.endswith("__main__"):
            with suppress(ImportError):  # of an extra that is not there
                importlib.import_module(module.name)


if __name__ == "__main__":
    import_all()
    with socket.socket(fileno=int(sys.argv[1])) as asked:
        wanted = ForkServer(asked).serve()
    if wanted is not None:
        run(wanted["module"], wanted["arguments"])
