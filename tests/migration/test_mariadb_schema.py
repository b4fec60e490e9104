"""On MariaDB, too, migrations and metadata agree; one that broke off is taken up again."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.command import downgrade, upgrade
from alembic.migration import MigrationContext

from errands import Errands, InvalidOption, NewerSchema, OutdatedSchema
from errands.infrastructure.persistence.sql.migrations import migrations
from errands.infrastructure.persistence.sql.mysql.schema import MariadbTables
from errands.infrastructure.persistence.sql.schema import REVISIONS
from tests import servers, stores

pytestmark = pytest.mark.skipif("mariadb" not in stores.chosen(), reason="left out: no mariadb")
TABLES = MariadbTables()
TABLE_NAMES = ("meta", "queue", "job", "log", "event")

MIGRATE = (
    "import sys; from errands import Errands; Errands(sys.argv[1]).sync.initialize().shutdown()"
)
BREAK_OFF = """
import os, sys
from sqlalchemy import Engine, event
from errands import Errands

changes = iter(range(int(sys.argv[2])))
CHANGES = ("CREATE", "INSERT", "ALTER")

@event.listens_for(Engine, "after_cursor_execute")
def count(connection, cursor, statement, *rest):
    if statement.lstrip().upper().startswith(CHANGES) and next(changes, None) is None:
        os._exit(9)

Errands(sys.argv[1]).sync.initialize()
"""
BROKEN_OFF = 9


@pytest.fixture
def database() -> Iterator[str]:
    """The name of a new database with nothing in it."""
    with servers.server("mariadb").database() as name:
        yield name


@pytest.fixture
def url(database: str) -> str:
    return servers.server("mariadb").url_of(database)


@pytest.fixture
def migrated(url: str) -> Iterator[sa.Connection]:
    """A connection to a database that the application has made."""
    with Errands(url).sync:
        pass
    with connected(url) as connection:
        yield connection


def connected(url: str) -> sa.Connection:
    address = sa.make_url(url).set(drivername="mariadb+pymysql")
    return sa.create_engine(address, poolclass=sa.NullPool).connect()


def run(database: str, statement: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in servers.run("mariadb", database, statement)]


def schema(connection: sa.Connection) -> list[str]:
    """How the server would make every table and the sequence again, but for their counters."""
    there = sa.inspect(connection)
    names = sorted([*there.get_table_names(), *there.get_sequence_names()])
    made = [
        connection.execute(sa.text(f"SHOW CREATE TABLE {name}")).one()[1]
        for name in names
        if name != TABLES.version_table
    ]
    connection.rollback()
    return [_in_any_order(re.sub(r" AUTO_INCREMENT=\d+", "", text)) for text in made]


def _in_any_order(made: str) -> str:
    """The lines of a table, sorted: indexes may be made in any order."""
    return "\n".join(sorted(line.strip(" ,") for line in made.splitlines()))


def break_off(url: str, changes: int) -> int:
    """Migrate in a process that dies right after so many changes; its exit code."""
    program = [sys.executable, "-c", BREAK_OFF, url, str(changes)]
    return subprocess.run(program, check=False).returncode


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
    assert len(by_migrations) == len(TABLE_NAMES) + 1
    assert any("`priority` DESC" in made for made in by_migrations)


def test_names_are_compared_byte_by_byte(migrated: sa.Connection) -> None:
    columns = sa.text(
        "SELECT DISTINCT collation_name FROM information_schema.columns"
        " WHERE table_schema = DATABASE() AND table_name LIKE 'errands\\_%'"
        " AND table_name <> 'errands_schema' AND collation_name IS NOT NULL"
    )

    assert [*migrated.execute(columns).scalars()] == ["utf8mb4_nopad_bin"]


def test_down_and_up_again_ends_where_it_began(migrated: sa.Connection) -> None:
    before = schema(migrated)

    downgrade(migrations(migrated, TABLES), "base")
    migrated.commit()
    assert schema(migrated) == []
    upgrade(migrations(migrated, TABLES), "head")
    migrated.commit()

    assert schema(migrated) == before


def test_processes_that_migrate_at_once_end_at_one_schema(database: str, url: str) -> None:
    racing = [subprocess.Popen([sys.executable, "-c", MIGRATE, url]) for _ in range(4)]

    assert [process.wait(60) for process in racing] == [0, 0, 0, 0]
    assert run(database, "SELECT version_num FROM errands_schema") == [(REVISIONS[-1],)]
    assert run(database, "SELECT count(*) FROM errands_meta") == [(1,)]


@pytest.mark.parametrize("changes", [0, 1, 3, 6, 12, 16, 17, 18, 19])
def test_a_migration_that_broke_off_is_taken_up(
    database: str, url: str, migrated: sa.Connection, changes: int
) -> None:
    wanted = schema(migrated)
    with servers.server("mariadb").database() as other:
        address = servers.server("mariadb").url_of(other)

        assert break_off(address, changes) == BROKEN_OFF
        with Errands(address).sync as app:
            app.queue().add("x")

        with connected(address) as connection:
            assert schema(connection) == wanted
        assert run(other, "SELECT count(*) FROM errands_meta") == [(1,)]


def test_there_are_no_more_changes_than_are_broken_off(url: str) -> None:
    assert break_off(url, 20) != BROKEN_OFF


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


def test_queues_under_another_prefix_are_queues_of_their_own(database: str, url: str) -> None:
    for number, prefix in enumerate(("errands_", "jobs_")):
        with Errands(url, table_prefix=prefix).sync as app:
            app.queue().add_many([("x", n) for n in range(number + 1)])
            assert len(app.queue().jobs().jobs) == number + 1

    assert run(database, "SELECT count(*) FROM errands_job") == [(1,)]
    assert run(database, "SELECT count(*) FROM jobs_job") == [(2,)]


def test_a_schema_beside_the_database_is_refused(url: str) -> None:
    with pytest.raises(InvalidOption, match="the database is the schema"):
        Errands(url, schema="work").sync.initialize()
