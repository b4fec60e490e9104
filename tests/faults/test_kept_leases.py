"""Leases that were prolonged beside locked jobs: what is made of their rows."""

import pytest

from errands import Errands, JobContext
from errands.core.domain.job.flaw import Severity
from tests.faults.site import Site, found

FAR = 99_999_999_999_999
LOST = (
    "UPDATE errands_job SET status = 'active', starts = 1, started_at = 5, token = 't', "
    "worker = 'gone', lease_expires_at = 1000, lease_ms = 99999999999999"
)

pytestmark = pytest.mark.timeout(60)


def keep(site: Site, name: str, until: object) -> None:
    site.run("INSERT INTO errands_meta VALUES (:name, :until)", name=name, until=str(until))


async def test_one_that_holds_is_not_long_over(site: Site) -> None:
    async with Errands(site.url) as app:
        await app.queue().add("x")
        site.run(LOST)
        key = site.run("SELECT `key` FROM errands_job".replace("`", quote(site)))[0][0]
        assert "lease_long_over" in {one.rule for one in found(app)}

        keep(site, f"lease:{key}:t", FAR)

        assert not {one.rule for one in found(app)} & {"lease_long_over", "lease_too_far_ahead"}


async def test_those_that_are_over_are_worth_a_note(site: Site) -> None:
    async with Errands(site.url) as app:
        keep(site, "lease:1:t", 1_000)

        notes = [(one.rule, one.severity) for one in found(app)]
    assert notes == [("lease_left_over", Severity.NOTE)]


@pytest.mark.parametrize(
    "row", [("lease:a:t", FAR), ("lease:1:t", "soon"), ("lease:", "")], ids=str
)
async def test_one_that_cannot_be_read_is_told_and_keeps_no_lost_run(
    site: Site, row: tuple[str, object]
) -> None:
    async with Errands(site.url) as app:

        @app.handler("x")
        async def end(data: object, context: JobContext) -> int:
            return context.crashes

        job = await app.queue().add("x")
        site.run(LOST)
        site.run("UPDATE errands_job SET lease_ms = 500")
        keep(site, *row)

        told = [one.sentence for one in found(app) if one.rule == "unreadable_lease"]
        assert told == [f"the row {row[0]!r} of the table of settings is no lease: remove it"]
        async with app.worker(poll=0.1):
            assert await job.result(timeout=20) == 1


def quote(site: Site) -> str:
    return "`" if site.name == "mariadb" else '"'
