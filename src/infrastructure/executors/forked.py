"""The child of a handler that has forked."""

from __future__ import annotations

import os
import sys
import traceback
from typing import NoReturn

from ..last_words import bounded, flush_output


def end_child(error: BaseException | None) -> NoReturn:
    """End this process as Python ends one that has come to `error`, without exit hooks."""
    exit_code = 1
    try:
        exit_code = _told(error)
        flush_output()
    finally:
        os._exit(exit_code)


def _told(error: BaseException | None) -> int:
    match error:
        case None | SystemExit(code=None):
            return 0
        case SystemExit(code=int(code)):
            return code & 0xFF
        case SystemExit():
            bounded(lambda: sys.stderr.write(f"{error.code}\n"))
        case _:
            bounded(lambda: traceback.print_exception(error))
    return 1
