"""Jobs that are refused again and again, in front of others, and beside other schedulers."""

import logging
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa

from errands import Errands, JobStatus, StoreRefused, StoreUnusable
from errands.testing import FaultyStore
from tests.faults.conftest import SERVERS
from tests.faults.refusing import forbid_where, meet_a_missing_table
from tests.faults.site import Site

BAD = "NEW.id LIKE 'bad%' AND NEW.status = 'waiting'"


@pytest.fixture
async def app(site: Site) -> AsyncIterator[Errands]:
    app = Errands(site.url)
    async with app:
        yield app


def _make_due(site: Site) -> None:
    site.run("UPDATE errands_job SET run_at = 1000")


class Watch:
    """A clock that stands until it is set."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("store_name", ["postgresql"], indirect=True)
async def test_many_at_fault_in_front_keep_none_behind_them_for_ever(
    app: Errands, site: Site
) -> None:
    meet_a_missing_table(site, BAD)
    await app.queue().add_many([("x", n, {"job_id": f"bad-{n}", "delay": 9}) for n in range(9)])
    good = await app.queue().add("x", delay=9)
    _make_due(site)
    watch = Watch()
    scheduler = app.container.scheduler(monotonic=watch)

    for _ in range(6):
        with suppress(StoreUnusable):
            await scheduler.sweep()
        watch.now += 61

    assert (await good.refresh()).status is JobStatus.WAITING


async def test_a_job_is_passed_over_for_twice_as_long_each_time(
    app: Errands, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    forbid_where(site, BAD)
    await app.queue().add("x", job_id="bad", delay=9)
    _make_due(site)
    watch = Watch()
    scheduler = app.container.scheduler(monotonic=watch)

    with caplog.at_level(logging.ERROR, "errands.scheduler"):
        for seconds in (0, 59, 1, 119, 1, 240, 480, 960, 1920, 3599, 1):
            watch.now += seconds
            await scheduler.sweep()
    told = [float(text) for text in re.findall(r"again in (\d+) s", caplog.text)]

    assert told == [60, 120, 240, 480, 960, 1920, 3600, 3600]


class _Overtaken(FaultyStore):
    """Another scheduler locks the job at fault as soon as it was found to be that."""

    def __init__(self, store: Any, caller: sa.Connection) -> None:
        super().__init__(store)
        self._caller = caller

    async def transact(self, work: Any, **how: Any) -> Any:
        """See the store."""
        try:
            return await super().transact(work, **how)
        except StoreRefused:
            if work.keywords["page"].size == 1:
                query = "SELECT id FROM errands_job WHERE id = 'bad' FOR UPDATE"
                self._caller.execute(sa.text(query))
            raise


@pytest.mark.parametrize("store_name", SERVERS, indirect=True)
async def test_none_is_blamed_for_one_that_another_scheduler_holds_meanwhile(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with site.connection() as caller:
        app = Errands(store=_Overtaken(Errands(site.url).container.store(), caller))
        async with app:
            forbid_where(site, BAD)
            await app.queue().add("x", job_id="bad", delay=9)
            good = [await app.queue().add("x", number, delay=9) for number in range(3)]
            _make_due(site)
            with caplog.at_level(logging.ERROR, "errands.scheduler"):
                sweep = await app.scheduler().sweep()
            caller.rollback()

    told = re.findall(r"job default/(\S+) is not promoted", caplog.text)
    assert (told, sweep["promoted"]) == (["bad"], len(good))
