"""Processes that migrate at once, are killed while they do, or meet another version."""

import random
import time

import pytest

from errands import Errands, NewerSchema, OutdatedSchema
from tests.faults.crew import Crew
from tests.faults.site import Site, examined


@pytest.fixture
def site(bare_site: Site) -> Site:
    """A database that is still to be migrated, on each store."""
    return bare_site


@pytest.mark.timeout(120)
@pytest.mark.long
def test_processes_that_migrate_at_once_end_at_one_schema(site: Site, crew: Crew) -> None:
    migrating = [crew.ready("migrate") for _ in range(3)]

    for process in migrating:
        process.tell()
    for process in migrating:
        process.expect("migrated")
        process.succeed()

    assert len(site.run("SELECT value FROM errands_meta WHERE name = 'store_id'")) == 1
    assert len(site.run("SELECT version_num FROM errands_schema")) == 1
    with Errands(site.url, migrate=False).sync as app:
        assert app.queue().add("x").is_new


@pytest.mark.long
@pytest.mark.timeout(180)
def test_a_killed_migration_is_completed_by_the_next_start(site: Site, crew: Crew) -> None:
    for _ in range(6):
        migrating = crew.ready("migrate")
        migrating.tell()
        time.sleep(random.uniform(0, 0.2))
        migrating.kill()

        with Errands(site.url).sync as app:
            assert app.queue().add("x").is_new
        drop_everything(site)


def drop_everything(site: Site) -> None:
    """The database is as new."""
    site.run("DROP VIEW IF EXISTS errands_backlog")
    for table in ("event", "log", "job", "queue", "meta", "schema", "sequence"):
        site.run(f"DROP TABLE IF EXISTS errands_{table}")
    if site.name == "postgresql":
        site.run("DROP SEQUENCE IF EXISTS errands_job_sequence")


async def test_a_newer_schema_is_refused_and_left_alone(site: Site) -> None:
    async with Errands(site.url) as app:
        await app.queue().add("x")
    site.run("UPDATE errands_schema SET version_num = '9999'")

    with pytest.raises(NewerSchema):
        await Errands(site.url).initialize()

    assert site.run("SELECT version_num FROM errands_schema") == [("9999",)]


async def test_an_older_schema_is_refused_where_migrating_is_off(site: Site) -> None:
    with pytest.raises(OutdatedSchema):
        await Errands(site.url, migrate=False).initialize()


async def test_who_has_the_store_open_goes_on_when_a_newer_version_migrates(site: Site) -> None:
    """A column more stands for what a later one adds; see also `test_older_schemas.py`."""
    async with Errands(site.url) as app:
        before = await app.queue().add("x")
        site.run("ALTER TABLE errands_job ADD COLUMN later INTEGER DEFAULT 1")

        after = await app.queue().add("y")

        assert (await before.refresh()).name == "x"
        assert (await app.queue().get(after.id)).name == "y"
        assert examined(app) == []
