"""A signal handler that raises within a call: nothing stays open, taken or half done."""

import subprocess
import sys

import pytest

from errands import Errands
from tests.faults.site import Site
from tests.faults.test_forks import jobs_of
from tests.forked import ROOT

pytestmark = pytest.mark.timeout(240)
COUNTS = {"sqlite": 1_000, "postgresql": 200, "mariadb": 100}


@pytest.mark.parametrize("every", [0, 0.0002], ids=["once", "again_and_again"])
def test_calls_that_a_signal_cuts_off_leave_nothing_behind(site: Site, every: float) -> None:
    acknowledged, cut = under_fire(site, COUNTS[site.name], every)

    assert cut
    there = {id_ for (id_,) in site.run("SELECT id FROM errands_job")}
    assert acknowledged <= there
    assert jobs_of(site) == len(there)
    with Errands(site.url, busy_timeout=1).sync as other:
        other.queue().add("nobody is in the way")


@pytest.mark.long
def test_thousands_of_calls_that_signals_cut_off_leave_nothing_behind(site: Site) -> None:
    acknowledged, cut = under_fire(site, 10 * COUNTS[site.name], 0)

    assert cut > COUNTS[site.name]
    assert acknowledged <= {id_ for (id_,) in site.run("SELECT id FROM errands_job")}


def under_fire(site: Site, count: int, every: float) -> tuple[set[str], int]:
    """The jobs whose adds returned, and how many calls were cut off.

    What is raised where nobody can catch it, in a finaliser, goes to standard error.
    """
    command = [sys.executable, "-m", "tests.faults.interrupting", site.url, str(count), str(every)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr[-5_000:]
    *ids, last = done.stdout.split("\n")[:-1]
    return set(ids), int(last.removeprefix("cut "))
