"""No room left: a limit on the size of files stands for a full disk."""

from pathlib import Path

import pytest

from errands import Errands, JobStatus
from tests.integration.processes import Processes

KINDS = {"StoreFull", "StoreUnavailable"}


@pytest.mark.parametrize("at_once", [1, 300])
def test_a_full_disk_is_told_and_nothing_is_half_written(
    processes: Processes, path: Path, url: str, at_once: int
) -> None:
    adding = processes.start("fill", 2_000_000, at_once)

    *acknowledged, kind = adding.rest()

    assert kind in KINDS
    adding.succeed()
    processes.start("check_integrity").expect("ok")
    with Errands(url).sync as app:
        there = app.queue().counts()[JobStatus.WAITING].value
        assert there == len(acknowledged) * at_once > 0
        assert app.queue().add("there is room again").is_new
