"""Migrations that have to wait under limits meant for others, or lose their connection."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from uuid import uuid4

import pytest
import sqlalchemy as sa

from errands import Errands, StoreUnavailable
from errands.infrastructure.persistence.sql.mysql import driver as mysql
from errands.infrastructure.persistence.sql.postgresql.connection import BoundedConnection
from errands.infrastructure.persistence.sql.schema import REVISIONS
from tests.faults.conftest import SERVERS
from tests.faults.proxy import Proxy
from tests.faults.site import Site, examined, through
from tests.migration.test_older_schemas import go_back_to

on_servers = pytest.mark.parametrize("store_name", SERVERS, indirect=True)
on_postgresql = pytest.mark.parametrize("store_name", SERVERS[:1], indirect=True)


@pytest.fixture
def site(bare_site: Site) -> Site:
    """A database that is still to be migrated, on each store."""
    return bare_site


@on_servers
@pytest.mark.timeout(60)
async def test_time_limits_meant_for_others_end_no_migration_and_nobody_who_waits_for_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither does the patience that ordinary statements have."""
    monkeypatch.setattr(mysql, "ANSWER_SECONDS", 1)
    monkeypatch.setattr(BoundedConnection, "answer_seconds", 1)
    async with Errands(site.url):
        pass
    go_back_to(site, REVISIONS[-2])
    with _under_a_limit_of_half_a_second(site) as url:
        with site.connection() as reader:
            reader.exec_driver_sql("SELECT * FROM errands_job")  # It keeps the table as it is.
            opening = asyncio.gather(_opened(url), _opened(url))
            await asyncio.sleep(1.5)

            assert not opening.done()
            reader.rollback()

        await opening
    assert site.run("SELECT version_num FROM errands_schema") == [(REVISIONS[-1],)]


@on_postgresql
@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "setting",
    [
        "lock_timeout = '200ms'",
        "default_transaction_isolation = 'repeatable read'",
        "default_transaction_read_only = on",
    ],
)
async def test_what_a_database_says_of_transactions_keeps_nobody_from_migrating_it(
    site: Site, setting: str
) -> None:
    site.run(
        "CREATE FUNCTION rest() RETURNS event_trigger LANGUAGE plpgsql"
        " AS $$ BEGIN PERFORM pg_sleep(1); END $$"
    )
    site.run(
        "CREATE EVENT TRIGGER rest ON ddl_command_end WHEN TAG IN ('CREATE VIEW')"
        " EXECUTE FUNCTION rest()"
    )
    site.run(f"ALTER DATABASE {_database(site)} SET {setting}")

    await asyncio.gather(_opened(site.url), _opened(site.url))

    assert len(site.run("SELECT value FROM errands_meta WHERE name = 'store_id'")) == 1


@on_servers
@pytest.mark.parametrize("cut", ["cut_before", "cut_after"])
async def test_a_migration_whose_connection_is_lost_is_an_outage_and_the_next_start_completes_it(
    site: Site, cut: str
) -> None:
    with Proxy(sa.make_url(site.url).port or 0) as proxy:
        getattr(proxy, cut)(b"CREATE VIEW")
        with pytest.raises(StoreUnavailable):
            await Errands(through(site, proxy.port)).initialize()
        assert proxy.cuts == 1

    async with Errands(site.url) as app:
        assert (await app.queue().add("x")).is_new
        assert examined(app) == []


async def _opened(url: str) -> None:
    """Open the store, and use it."""
    async with Errands(url) as app:
        assert (await app.queue().add("x")).is_new


@contextmanager
def _under_a_limit_of_half_a_second(site: Site) -> Generator[str]:
    """The database's URL for somebody whose statements are broken off so soon."""
    if site.name == "postgresql":
        site.run(f"ALTER DATABASE {_database(site)} SET statement_timeout = '500ms'")
        yield site.url
        return
    name = f"errands_{uuid4().hex[:8]}"
    site.run(f"CREATE USER {name} WITH MAX_STATEMENT_TIME 0.5")
    try:
        site.run(f"GRANT ALL ON {_database(site)}.* TO {name}")
        yield sa.make_url(site.url).set(username=name).render_as_string(hide_password=False)
    finally:
        site.run(f"DROP USER {name}")


def _database(site: Site) -> str:
    return sa.make_url(site.url).database or ""
