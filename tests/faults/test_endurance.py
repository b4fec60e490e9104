"""Load, kills and restarts together, for some minutes."""

from collections.abc import Callable

import pytest

from tests.faults.conftest import KINDS, SERVERS
from tests.faults.endurance import endure
from tests.faults.own_server import require

SECONDS = 75.0


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.parametrize("store", SERVERS)
def test_kills_and_restarts_under_load_lose_nothing_and_pickup_recovers(
    store: str, tell: Callable[[str], None]
) -> None:
    """The figures are printed; only what no busy machine excuses is asserted."""
    require(KINDS[store])

    report = endure(store, seconds=SECONDS, restarts=3)

    tell("\n".join([store, *report.lines()]))
    assert (report.lost, report.doubled, report.deserters) == (0, 0, ())
    assert report.findings == ()
    assert report.acknowledged > 1_000
    assert all(report.recovery(restart) < 15 for restart in report.restarts)
