"""On PostgreSQL, too, migrations and metadata agree, and every road to the head ends there."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.command import downgrade, upgrade
from alembic.migration import MigrationContext

from errands import Errands, JobContext, NewerSchema, OutdatedSchema
from errands.infrastructure.persistence.sql.migrations import migrations
from errands.infrastructure.persistence.sql.postgresql.schema import PostgresqlTables
from errands.infrastructure.persistence.sql.schema import REVISIONS
from tests import servers, stores

pytestmark = pytest.mark.skipif(
    "postgresql" not in stores.chosen(), reason="left out: no postgresql"
)
TABLES = PostgresqlTables()
COLUMNS = """
SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default
FROM information_schema.columns WHERE table_schema = 'public'
"""
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
STORAGE = """
SELECT relname, relkind::text, reloptions::text FROM pg_class
WHERE relnamespace = 'public'::regnamespace
"""
CATALOG = (COLUMNS, INDEXES, STORAGE)


@pytest.fixture
def database() -> Iterator[str]:
    """The name of a new database with nothing in it."""
    with servers.server("postgresql").database() as name:
        yield name


@pytest.fixture
def url(database: str) -> str:
    return servers.server("postgresql").url_of(database)


@pytest.fixture
def migrated(database: str, url: str) -> Iterator[sa.Connection]:
    """A connection to a database that the application has made."""
    with Errands(url).sync:
        pass
    address = sa.make_url(url).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(address)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def run(database: str, statement: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in servers.run("postgresql", database, statement)]


def schema(connection: sa.Connection) -> list[tuple[object, ...]]:
    """Every column, index, sequence and storage setting."""
    found = [tuple(row) for query in CATALOG for row in connection.execute(sa.text(query))]
    connection.rollback()
    return sorted((row for row in found if TABLES.version_table not in str(row)), key=str)


def test_alembic_finds_no_difference_to_the_metadata(migrated: sa.Connection) -> None:
    options = {"version_table": TABLES.version_table, "compare_type": True}
    context = MigrationContext.configure(migrated, opts=options)

    assert compare_metadata(context, TABLES.metadata) == []


def test_the_migrations_and_the_metadata_write_the_same_schema(migrated: sa.Connection) -> None:
    by_migrations = schema(migrated)
    TABLES.metadata.drop_all(migrated)
    TABLES.metadata.create_all(migrated)
    migrated.commit()

    assert schema(migrated) == by_migrations
    assert sum(" WHERE " in str(row) for row in by_migrations) >= 9
    assert any("fillfactor=80" in str(row) for row in by_migrations)


def test_down_and_up_again_ends_where_it_began(migrated: sa.Connection) -> None:
    before = schema(migrated)

    downgrade(migrations(migrated, TABLES), "base")
    migrated.commit()
    assert schema(migrated) == []
    upgrade(migrations(migrated, TABLES), "head")
    migrated.commit()

    assert schema(migrated) == before


MIGRATE = (
    "import sys; from errands import Errands; Errands(sys.argv[1]).sync.initialize().shutdown()"
)


def test_processes_that_migrate_at_once_end_at_one_schema(database: str, url: str) -> None:
    racing = [subprocess.Popen([sys.executable, "-c", MIGRATE, url]) for _ in range(4)]

    assert [process.wait(60) for process in racing] == [0, 0, 0, 0]
    assert run(database, "SELECT version_num FROM errands_schema") == [(REVISIONS[-1],)]
    assert run(database, "SELECT count(*) FROM errands_meta") == [(1,)]


def test_tables_of_the_caller_stay(database: str, url: str) -> None:
    run(database, "CREATE TABLE alembic_version (version_num text)")
    run(database, "INSERT INTO alembic_version VALUES ('of the caller')")

    with Errands(url).sync as app:
        app.queue().add("x")

    assert run(database, "SELECT version_num FROM alembic_version") == [("of the caller",)]


def test_a_newer_schema_is_refused(database: str, url: str) -> None:
    with Errands(url).sync:
        pass
    run(database, "UPDATE errands_schema SET version_num = '9999'")

    with pytest.raises(NewerSchema, match="9999"):
        Errands(url).sync.initialize()


def test_what_must_not_migrate_says_what_is_missing(url: str) -> None:
    with pytest.raises(OutdatedSchema, match="errands db migrate"):
        Errands(url, migrate=False).sync.initialize()


def test_queues_under_another_prefix_or_schema_are_queues_of_their_own(
    database: str, url: str
) -> None:
    places: list[dict[str, Any]] = [{}, {"table_prefix": "jobs_"}, {"schema": "work"}]
    for number, place in enumerate(places):
        with Errands(url, **place).sync as app:
            app.queue().add_many([("x", n) for n in range(number + 1)])
            assert len(app.queue().jobs().jobs) == number + 1

    assert run(database, "SELECT count(*) FROM public.errands_job") == [(1,)]
    assert run(database, "SELECT count(*) FROM jobs_job") == [(2,)]
    assert run(database, "SELECT count(*) FROM work.errands_job") == [(3,)]


def test_a_worker_in_a_schema_of_its_own_completes(url: str) -> None:
    app = Errands(url, schema="work", table_prefix="w_")
    with app.sync as sync:
        job = sync.queue().add("x", 4, tags=["a"], metadata={"k": 1})
        assert [found.id for found in sync.queue().jobs(tag="a").jobs] == [job.id]

    async def answer(context: JobContext) -> Any:
        return context.data

    async def work() -> object:
        async with app, app.worker("default", processor=answer):
            return await (await app.queue().get(job.id)).result(timeout=10)

    assert asyncio.run(work()) == 4
