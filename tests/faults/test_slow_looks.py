"""A server that answers a scheduler after a while, and is not taken for one whose clock was set."""

import asyncio
import threading
import time
from datetime import timedelta
from typing import Final

import pytest
import sqlalchemy as sa

from errands import Errands, JobHandle, JobNotFound
from errands.core.application.scheduling import age_watch
from tests.faults.conftest import SERVERS
from tests.faults.looking import until
from tests.faults.proxy import Proxy
from tests.faults.site import Site, through

JUMP: Final = timedelta(seconds=0.5)
BEGINNINGS: Final = (b"START TRANSACTION", b"BEGIN")


class SlowProxy(Proxy):
    """Keeps each beginning of a transaction back for as long as it is told to."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.seconds = 0.0
        self.has_kept = threading.Event()

    def meets_cut_before(self, data: bytes) -> bool:
        """See the base class. Cuts nothing."""
        if self.seconds and any(words in data for words in BEGINNINGS):
            time.sleep(self.seconds)
            self.has_kept.set()
        return False


@pytest.mark.timeout(60)
@pytest.mark.parametrize("store_name", SERVERS, indirect=True)
async def test_what_is_old_is_removed_although_the_server_was_away_for_longer_than_a_jump(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(age_watch, "JUMP", JUMP)
    with SlowProxy(sa.make_url(site.url).port or 0) as proxy:
        async with Errands(through(site, proxy.port), poll=0.05) as app:
            scheduler = app.scheduler()
            running = asyncio.ensure_future(scheduler.run())
            await asyncio.sleep(0.5)
            proxy.seconds = 3 * JUMP.total_seconds()
            assert await asyncio.to_thread(proxy.has_kept.wait, 20)
            proxy.seconds = 0.0

            job = await app.queue().add("x", keep_failed=timedelta(seconds=1))
            await job.cancel()
            await until(lambda: _is_there(job), False)

            await scheduler.close()
            await running


async def _is_there(job: JobHandle) -> bool:
    try:
        await job.refresh()
    except JobNotFound:
        return False
    return True
