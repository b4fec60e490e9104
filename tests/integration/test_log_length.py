"""The write-ahead log begins anew, however busily it is written."""

from pathlib import Path

from errands import Errands

PAGE_BYTES = 4096
LOG_PAGES = 32_000
"""Eight times the length from which the write lock is held for a checkpoint."""


def test_the_log_stays_short_beside_a_writer_that_never_pauses(path: Path, url: str) -> None:
    longest = written = 0
    log = path.with_name(f"{path.name}-wal")
    with Errands(url).sync as errands:
        queue = errands.queue()
        data = "x" * 200_000
        while written < 3 * LOG_PAGES * PAGE_BYTES:
            queue.add("keep", data)
            written += len(data)
            longest = max(longest, log.stat().st_size)

    assert longest < LOG_PAGES * PAGE_BYTES
