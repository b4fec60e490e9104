"""The reference: a recording of the library's own statements, run by the bare driver.

Same statements, parameters, batches and transactions on a copy of the same file; what is
left out is all of the library's Python.
"""

from __future__ import annotations

import gc
from pathlib import Path
from time import perf_counter
from typing import Final

from errands.infrastructure.persistence.sql.sqlite.driver import connect
from tests.benchmarks.programs.talk import arguments, tell
from tests.benchmarks.recording import load, run_steps

CHECKPOINT_PAGES: Final = 1_000
"""SQLite's own default; the library checkpoints beside the writer instead."""


def main(path: str, recording: str, *, checkpoints: bool = True) -> None:
    """Replay a recording on a file; the size of the log counts where nothing checkpoints it."""
    steps = load(recording)
    gc.collect()
    gc.freeze()
    connection = connect(path, synchronous="NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES if checkpoints else 0}")
    started = perf_counter()
    run_steps(connection, steps)
    seconds = perf_counter() - started
    tell(seconds=seconds, log_bytes=Path(path + "-wal").stat().st_size)
    connection.close()


if __name__ == "__main__":
    main(**arguments())
