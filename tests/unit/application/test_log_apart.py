"""A log that is written by a thread of its own, when its program ends."""

import subprocess
import sys

PROGRAM = """
import logging, threading, time
from errands.core.application.log_apart import LogApart

class Slow(logging.StreamHandler):
    def emit(self, record):
        threading.main_thread().join()
        time.sleep(0.05)
        super().emit(record)

logging.getLogger("errands.apart").addHandler(Slow())
log = LogApart(logging.getLogger("errands.apart"))
for number in range(3):
    log.warning("line %d", number)
"""


def test_a_program_that_ends_writes_its_last_lines() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=50, check=True
    )

    assert ended.stderr.splitlines() == ["line 0", "line 1", "line 2"]
