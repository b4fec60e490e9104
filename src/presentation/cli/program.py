"""The entry point: parse, run, and turn whatever goes wrong into a sentence and an exit code."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cyclopts import CycloptsError

from ...core.domain.errors import ErrandsError, InvalidOption
from ...core.domain.store_errors import InvalidDatabaseUrl
from .commands import GROUPS, build
from .output import Trouble, complain

OK: Final = 0
FAILURE: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130
WORKER: Final = "worker"
STREAMS: Final = {"stdin": "r", "stdout": "w", "stderr": "w"}
LISTS: Final = frozenset({"-h", "--help", *GROUPS})
"""Words that ask for no command, but for a list of them."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 failed or not found, 2 wrongly called."""
    given = sys.argv[1:] if arguments is None else arguments
    _open_what_is_closed()
    exit_code = run(given)
    if given[:1] == [WORKER]:
        _end_whatever_hangs(exit_code)
    raise SystemExit(exit_code)


def _open_what_is_closed() -> None:
    """`errands ... >&-`: what is printed goes nowhere, and into no file or line opened later."""
    for name, mode in STREAMS.items():
        if getattr(sys, name) is None:
            # Each gets its own number, the lowest that is free.
            nowhere = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - until the end
            setattr(sys, name, nowhere)


def _end_whatever_hangs(exit_code: int) -> None:
    """A worker that has given its jobs back ends, whatever its handlers have left behind."""
    from ...infrastructure.di.hard_end import HardEnd

    HardEnd().begin(exit_code)


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    # Without a handler the library's warnings would stand between a command and its answer.
    logging.getLogger("errands").addHandler(logging.NullHandler())
    try:
        return _dispatch(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _reader_gone()
    except (CycloptsError, ErrandsError, Trouble, OSError) as error:
        return complain(_sentence(error), _exit_code(error))


def _sentence(error: Exception) -> str:
    is_usage = isinstance(error, CycloptsError)
    return f"{str(error).strip()} See `errands --help`." if is_usage else str(error)


def _exit_code(error: Exception) -> int:
    match error:
        case CycloptsError() | InvalidOption() | InvalidDatabaseUrl():
            return USAGE
        case Trouble():
            return error.exit_code
        case _:
            return FAILURE


def _dispatch(arguments: Sequence[str]) -> int:
    app = build(lists=LISTS.issuperset(arguments))
    answer = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    sys.stdout.flush()
    return answer if isinstance(answer, int) else OK


def _reader_gone() -> int:
    """`errands jobs list | head`: nobody reads on; keep Python from complaining at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return OK
