"""A database at any older revision is brought to the newest, with its jobs in it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.command import downgrade

from errands import Errands, JobStatus, OutdatedSchema
from errands.infrastructure.persistence.sql.jobs.columns import LOADED
from errands.infrastructure.persistence.sql.migrations import migrations
from errands.infrastructure.persistence.sql.mysql.schema import MariadbTables
from errands.infrastructure.persistence.sql.postgresql.schema import PostgresqlTables
from errands.infrastructure.persistence.sql.schema import REVISIONS
from errands.infrastructure.persistence.sql.sqlite.schema import TABLES
from tests.faults.site import Site, examined, site_of

TABLES_OF = {"sqlite": TABLES, "postgresql": PostgresqlTables(), "mariadb": MariadbTables()}


@pytest.fixture(params=[*TABLES_OF])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A new database on each store."""
    with site_of(str(request.param), tmp_path) as site:
        yield site


def go_back_to(site: Site, revision: str) -> None:
    """Undo what came after a revision."""
    with site.connection() as connection:
        downgrade(migrations(connection, TABLES_OF[site.name]), revision)
        connection.commit()


@pytest.mark.parametrize("revision", REVISIONS[:-1])
async def test_an_older_schema_is_brought_up(site: Site, revision: str) -> None:
    async with Errands(site.url) as app:
        job = await app.queue().add("x", 1)
    go_back_to(site, revision)
    assert site.run("SELECT version_num FROM errands_schema") == [(revision,)]

    async with Errands(site.url) as app:
        assert (await app.queue().get(job.id)).data == 1
        assert examined(app) == []

    assert site.run("SELECT version_num FROM errands_schema") == [(REVISIONS[-1],)]


@pytest.mark.parametrize("revision", REVISIONS[:-1])
async def test_an_older_schema_is_refused_where_migrating_is_off(site: Site, revision: str) -> None:
    async with Errands(site.url):
        pass
    go_back_to(site, revision)

    with pytest.raises(OutdatedSchema, match=f"it is at {revision}"):
        await Errands(site.url, migrate=False).initialize()


async def test_what_a_version_before_the_length_of_leases_writes_is_understood(site: Site) -> None:
    """Such a process, open since before the migration, goes on with the columns that it knows."""
    async with Errands(site.url) as app:
        job = await app.queue().add("x", 1)
        jobs = TABLES_OF[site.name].jobs
        known = [name for name in LOADED if name != "lease_ms"]
        new: dict[str, sa.ColumnElement[Any]] = {
            "key": sa.literal(2),
            "id": sa.literal("added by it"),
            "sequence": sa.literal(2),
        }
        added = sa.select(*(new[name] if name in new else jobs.c[name] for name in known))
        claimed = {"status": "active", "token": "t", "worker": "w", "starts": 1, "started_at": 1}
        with site.connection() as connection:
            connection.execute(jobs.insert().from_select(known, added))
            first = jobs.update().where(jobs.c.id == job.id)
            connection.execute(first.values(**claimed, lease_expires_at=5, version=2))
            connection.commit()

        swept = await app.scheduler().sweep()

        await job.refresh()
        assert (swept["expired"], job.status, job.crashes) == (1, JobStatus.WAITING, 1)
        assert (await app.queue().get("added by it")).data == 1


async def test_the_doctor_misses_the_view(site: Site) -> None:
    async with Errands(site.url) as app:
        site.run("DROP VIEW errands_backlog")

        [finding] = examined(app)

    assert finding.sentence == "the schema has no view errands_backlog"
