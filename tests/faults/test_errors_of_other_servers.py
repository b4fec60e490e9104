"""Triggers that ask another server, which is away: PostgreSQL passes on what was said of that."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from errands import Errands, JobStatus
from tests.faults.looking import until_settled
from tests.faults.refusing import FORBIDDEN, end_together
from tests.faults.site import Site

pytestmark = [
    pytest.mark.parametrize("store_name", ["postgresql"], indirect=True),
    pytest.mark.timeout(120),
]


@pytest.fixture
async def app(site: Site) -> AsyncIterator[Errands]:
    app = Errands(site.url)
    async with app:
        yield app


def _saying(state: str) -> str:
    return f"RAISE EXCEPTION 'not there' USING ERRCODE = '{state}'"


@pytest.mark.parametrize(
    "action",
    [
        _saying("08001"),
        _saying("58030"),
        _saying("57P05"),
        _saying("25006"),
        "INSERT INTO other.public.audit VALUES (NEW.id)",
    ],
    ids=["unreachable", "broken", "idle", "read-only", "another-database"],
)
async def test_an_outcome_whose_trigger_meets_a_server_that_is_away_holds_up_no_other(
    app: Errands, site: Site, action: str
) -> None:
    site.run(
        "CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF NEW.result::text LIKE '%{FORBIDDEN}%' THEN {action}; END IF; RETURN NEW; END $$"
    )
    site.run(
        "CREATE TRIGGER audit BEFORE UPDATE ON errands_job FOR EACH ROW EXECUTE FUNCTION audit()"
    )
    end_together(app, 4)
    bad = await app.queue().add("together", FORBIDDEN, max_attempts=1)
    good = await app.queue().add_many([("together", number) for number in range(3)])

    async with app.worker(poll=0.1):
        results = await asyncio.gather(*(job.result(timeout=40) for job in good))
        await until_settled(bad)

    assert results == [0, 1, 2]
    assert (bad.status, bad.starts) == (JobStatus.FAILED, 1)
    assert "StoreGaveUp" in bad.failures[0].type
