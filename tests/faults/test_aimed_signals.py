"""Signals at chosen instructions of a call: whatever their handler does, everything goes on.

Where there are many places, some are tried, chosen by chance, for some seconds; all of them with
`ERRANDS_AIM=all`, which may take an hour. What fails says the place.
"""

import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from errands.infrastructure.ids import POOL, Uuid7Generator
from errands.infrastructure.persistence.sql.server.clock import ServerClock
from errands.infrastructure.persistence.sql.server.pool import ConnectionSlots
from tests.faults.aim import NUMBER, Aim, call_on_signal
from tests.faults.site import Site
from tests.forked import ROOT

ALL: Final = os.environ.get("ERRANDS_AIM") == "all"
SOME: Final = math.inf if ALL else 2.5
"""For how many seconds places are tried."""
pytestmark = pytest.mark.timeout(3_600 if ALL else 120)
WAKING: Final = "local_wakeup,thread_wake_event,threading,notifier"
OPENING: Final = "openings,synchronous,store,connections,checkpointer,threading"
ADDING: Final = "local_wakeup,ids,pool,clock,notifier"


def test_a_handler_that_raises_while_others_are_woken_stops_nobody(site: Site) -> None:
    assert under_fire(site, "cancel", "raise", code=WAKING, seconds=SOME) > 20


def test_a_handler_may_add_within_an_add(site: Site) -> None:
    assert under_fire(site, "add", "add", code=ADDING, seconds=SOME) > 10


@pytest.mark.parametrize("store_name", ["sqlite"], indirect=True)
@pytest.mark.parametrize("does", ["add_beside", "add_beside_on_a_loop"])
def test_a_handler_never_waits_for_a_write_of_its_own_thread_by_another_application(
    site: Site, does: str
) -> None:
    assert under_fire(site, "add", does, code="writer,unit_of_work", seconds=SOME) > 15


@pytest.mark.parametrize("call", ["add_alone", "add_together"])
def test_an_add_on_an_event_loop_that_a_handler_cuts_off_keeps_no_other_from_being_made(
    site: Site, call: str
) -> None:
    assert under_fire(site, call, "raise", code="adder", seconds=SOME) > 5


@pytest.mark.parametrize("store_name", ["postgresql"], indirect=True)
def test_a_message_on_an_event_loop_that_a_handler_cuts_off_leaves_its_turn_to_the_next(
    site: Site,
) -> None:
    assert under_fire(site, "add_alone", "raise", code="loop_runner") > 5


@pytest.mark.parametrize("store_name", ["mariadb"], indirect=True)
def test_no_answer_that_a_signal_left_unread_is_taken_for_another_one(site: Site) -> None:
    assert under_fire(site, "add", "raise", code="connections", seconds=SOME) > 60


@pytest.mark.parametrize("does", ["raise", "open"])
@pytest.mark.parametrize("call", ["initialize", "shut_down"])
def test_a_signal_within_an_opening_or_closing_leaves_it_neither_open_nor_hanging(
    tmp_path: Path, call: str, does: str
) -> None:
    assert (
        under_fire(Site("sqlite", f"sqlite:///{tmp_path}/jobs.db"), call, does, code=OPENING) > 10
    )


@pytest.mark.long
@pytest.mark.parametrize("call", ["initialize", "shut_down"])
def test_a_signal_anywhere_within_an_opening_or_closing_leaves_it_usable(
    bare_site: Site, call: str
) -> None:
    assert under_fire(bare_site, call, "raise,open", code="ours", seconds=SOME) > 25


@pytest.mark.long
@pytest.mark.parametrize("call", ["add", "cancel", "wait", "wait_long"])
def test_wherever_a_signal_is_heard_in_our_code_everything_goes_on(site: Site, call: str) -> None:
    assert under_fire(site, call, "raise,add", code="ours", seconds=SOME) > 25


@pytest.mark.long
def test_wherever_a_signal_is_heard_in_anybodys_code_everything_goes_on(site: Site) -> None:
    assert under_fire(site, "cancel", "raise,add", code="all", seconds=SOME) > 200


@pytest.mark.long
@pytest.mark.parametrize("does", ["raise", "interrupt"])
@pytest.mark.parametrize("way", ["block", "run"])
def test_a_signal_within_the_life_of_a_worker_leaves_no_thread_behind(way: str, does: str) -> None:
    code = "worker,lease_keeper,ending,shutdown,alarm"
    assert worker_under_fire(way, does, code=code, step=1 if ALL else 6) > 50


@pytest.mark.long
def test_a_log_line_that_a_handler_cuts_off_keeps_no_other_from_being_written() -> None:
    assert worker_under_fire("block", "raise", code="reporter", step=1 if ALL else 3) > 100


@pytest.fixture
def heard() -> Generator[Callable[[Callable[[], object]], None]]:
    """Has something called when the signal is heard."""
    before = signal.getsignal(NUMBER)
    yield call_on_signal
    signal.signal(NUMBER, before)


Heard = Callable[[Callable[[], object]], None]


@pytest.mark.parametrize("left", [0, 1, 2])
def test_ids_drawn_within_a_draw_are_no_others_and_in_order(heard: Heard, left: int) -> None:
    aim, drawn, within = Aim("ours"), list[str](), list[str]()

    for place in range(1, 40):
        ids = Uuid7Generator()
        for _ in range(POOL - left):
            ids.job_id()
        heard(partial(draw_into, within, ids))
        drawn += [aim.shoot(ids.job_id, place), ids.job_id()]

    assert len(within) > 5
    assert drawn == sorted(drawn)
    assert within == sorted(within)
    assert len({*drawn, *within}) == len(drawn) + len(within)


def draw_into(drawn: list[str], ids: Uuid7Generator) -> None:
    drawn.append(ids.job_id())


def test_a_place_in_the_pool_may_be_taken_within_the_taking_of_one(heard: Heard) -> None:
    aim, places, within = Aim("all"), ConnectionSlots(500, kept=1), list[object]()
    heard(lambda: within.append(places.taken(1)))

    taken = [aim.shoot(lambda: places.taken(1), place) for place in range(1, 30)]

    assert len(within) > 5
    assert None not in taken
    assert None not in within


def test_the_servers_clock_may_be_asked_within_the_asking(heard: Heard) -> None:
    aim, clock, asked = Aim("all"), ServerClock(), list[float]()

    def ask() -> float:
        asked.append(5.0)
        return 5.0

    heard(lambda: clock.sample(ask))
    for place in range(1, 30):
        aim.shoot(lambda: clock.sample(lambda: 5.0), place)

    assert len(asked) > 5
    assert not clock.is_stale


def under_fire(site: Site, call: str, does: str, *, code: str, seconds: float = math.inf) -> int:
    """At how many places of a call a signal can be heard; all went on. See `aiming`."""
    return places("aiming", site.url, call, does, code, str(seconds))


def worker_under_fire(way: str, does: str, *, code: str, step: int) -> int:
    """At how many places of a worker's life a signal can be heard. See `aiming_worker`."""
    return places("aiming_worker", "memory://", way, does, code, str(step))


def places(program: str, *arguments: str) -> int:
    done = subprocess.run(
        [sys.executable, "-m", f"tests.faults.{program}", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-8_000:]
    return int(done.stdout.removesuffix(" places\n"))
