"""The migrations and the metadata say the same, and every road to the head ends there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.command import downgrade, upgrade
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from errands import Errands
from errands.infrastructure.persistence.sql.migrations import migrations
from errands.infrastructure.persistence.sql.schema import REVISIONS
from errands.infrastructure.persistence.sql.sqlite.schema import TABLES
from tests.integration.processes import Processes
from tests.integration.sql import changed

MIGRATIONS = Path(__file__).parents[2] / "migrations"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the test's database is or will be."""
    return tmp_path / "jobs.db"


@pytest.fixture
def url(path: Path) -> str:
    """The URL of the test's database."""
    return f"sqlite:///{path}"


@pytest.fixture
def migrated(url: str) -> Iterator[sa.Connection]:
    """A connection to a database that the application has made."""
    with Errands(url).sync:
        pass
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def schema(connection: sa.Connection) -> dict[str, str]:
    """The text of every table and index, but for the version table and blanks."""
    query = sa.text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {
        name: " ".join(text.replace("(", " ( ").replace(")", " ) ").split())
        for name, text in connection.execute(query)
        if name != TABLES.version_table
    }


def test_a_new_file_is_at_the_head(migrated: sa.Connection) -> None:
    revisions = migrated.execute(sa.text(f"SELECT version_num FROM {TABLES.version_table}")).all()

    assert [tuple(row) for row in revisions] == [(REVISIONS[-1],)]


def test_the_known_revisions_are_those_of_the_scripts() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))

    assert scripts.get_heads() == [REVISIONS[-1]]
    assert [script.revision for script in scripts.walk_revisions()] == list(reversed(REVISIONS))


def test_alembic_finds_no_difference_to_the_metadata(migrated: sa.Connection) -> None:
    context = MigrationContext.configure(
        migrated, opts={"version_table": TABLES.version_table, "compare_type": True}
    )

    assert compare_metadata(context, TABLES.metadata) == []


def test_the_migrations_and_the_metadata_write_the_same_schema(migrated: sa.Connection) -> None:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        TABLES.metadata.create_all(connection)
        wanted = schema(connection)
    engine.dispose()

    assert schema(migrated) == wanted
    assert sum("WHERE" in text for text in wanted.values()) >= 9


def test_down_and_up_again_ends_where_it_began(migrated: sa.Connection) -> None:
    before = schema(migrated)

    downgrade(migrations(migrated, TABLES), "base")
    assert schema(migrated) == {}
    upgrade(migrations(migrated, TABLES), "head")

    assert schema(migrated) == before


def test_a_database_with_tables_of_its_own_keeps_them(path: Path, url: str) -> None:
    changed(path, "CREATE TABLE orders (id INTEGER PRIMARY KEY, text TEXT)")
    changed(path, "INSERT INTO orders (text) VALUES ('mine')")
    changed(path, "CREATE TABLE alembic_version (version_num TEXT)")
    changed(path, "INSERT INTO alembic_version VALUES ('of the caller')")

    with Errands(url).sync as app:
        app.queue().add("x")

    assert changed(path, "SELECT text FROM orders") == [("mine",)]
    assert changed(path, "SELECT version_num FROM alembic_version") == [("of the caller",)]


def test_every_file_has_a_store_id_of_its_own(tmp_path: Path) -> None:
    ids: set[str] = set()
    for name in ("one.db", "two.db"):
        for _ in range(2):
            with Errands(f"sqlite:///{tmp_path / name}").sync:
                pass
        found = changed(tmp_path / name, "SELECT value FROM errands_meta WHERE name = 'store_id'")
        ids.update(row[0] for row in found)

    assert len(ids) == 2


def test_processes_that_migrate_at_once_end_at_one_schema(path: Path, url: str) -> None:
    with Processes(path) as processes:
        programs = [processes.start("initialize") for _ in range(3)]
        for program in programs:
            program.tell()
        for program in programs:
            program.expect("done")

    assert changed(path, f"SELECT count(*) FROM {TABLES.version_table}") == [(1,)]
    assert changed(path, "SELECT count(*) FROM errands_meta WHERE name = 'store_id'") == [(1,)]
    with Errands(url).sync as app:
        assert len(app.queue().jobs().jobs) == 3
