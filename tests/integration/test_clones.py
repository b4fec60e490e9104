"""A clone or a backup of the database is another database, whatever it says of itself."""

import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from errands import DifferentDatabase, Errands
from errands.core.application.facade.sync_client import SyncErrands
from errands.infrastructure.persistence.sql.meta.whereabouts import NOWHERE, Whereabouts
from tests import stores
from tests.servers import server


@pytest.fixture
def backup(tmp_path: Path) -> Generator[tuple[SyncErrands, sa.Engine, sa.Engine]]:
    """An open queue of SQLite, an engine on its file, and one on a backup of it."""
    path, copy = tmp_path / "shop.db", tmp_path / "backup.db"
    with Errands(f"sqlite:///{path}").sync as app:
        app.queue().add("before")
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        engines = [sa.create_engine(f"sqlite:///{one}") for one in (path, copy)]
        yield app, engines[0], engines[1]
        for engine in engines:
            engine.dispose()


def test_a_backup_of_the_file_is_refused(
    backup: tuple[SyncErrands, sa.Engine, sa.Engine],
) -> None:
    app, own, other = backup

    with other.begin() as connection, pytest.raises(DifferentDatabase) as refused:
        app.queue().add("x", connection=connection)
    with own.begin() as connection:
        app.queue().add("x", connection=connection)

    assert refused.value.field == "connection"
    assert len(app.jobs().jobs) == 2


def test_the_same_file_by_another_name_is_no_other_file(tmp_path: Path) -> None:
    path, link = tmp_path / "shop.db", tmp_path / "link.db"
    with Errands(f"sqlite:///{path}").sync as app:
        link.symlink_to(path)
        engine = sa.create_engine(f"sqlite:///{link}")

        with engine.begin() as connection:
            job = app.queue().add("x", connection=connection)

        engine.dispose()
        assert app.queue().get(job.id).name == "x"


def _postgresql(connection: sa.Connection, source: str, target: str) -> None:
    connection.exec_driver_sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        f"WHERE datname = '{source}' AND pid <> pg_backend_pid()"
    )
    connection.exec_driver_sql(f"DROP DATABASE {target}")
    connection.exec_driver_sql(f"CREATE DATABASE {target} TEMPLATE {source}")


def _mariadb(connection: sa.Connection, source: str, target: str) -> None:
    for (table,) in connection.exec_driver_sql(
        "SELECT table_name FROM information_schema.tables "
        f"WHERE table_schema = '{source}' AND table_type = 'BASE TABLE'"
    ).all():
        connection.exec_driver_sql(f"CREATE TABLE {target}.{table} LIKE {source}.{table}")
        connection.exec_driver_sql(f"INSERT INTO {target}.{table} SELECT * FROM {source}.{table}")


CLONES: dict[str, Callable[[sa.Connection, str, str], None]] = {
    "postgresql": _postgresql,
    "mariadb": _mariadb,
}


@pytest.mark.parametrize("name", [name for name in stores.chosen() if name in stores.SERVERS])
def test_a_clone_on_the_same_server_is_refused(name: str) -> None:
    found = server(name)
    with found.database() as source, found.database() as target:
        with Errands(found.url_of(source)).sync:
            pass
        admin = found.engine()
        with admin.connect() as connection:
            CLONES[name](connection, source, target)
        own, other = (sa.create_engine(found.engine(one).url) for one in (source, target))

        with Errands(found.url_of(source)).sync as app:
            with other.begin() as connection, pytest.raises(DifferentDatabase):
                app.queue().add("x", connection=connection)
            with other.begin() as connection, pytest.raises(DifferentDatabase):
                app.queue().add("x", connection=connection.connection.driver_connection)
            for _ in range(2):
                with own.begin() as connection:
                    app.queue().add("x", connection=connection)

            assert len(app.jobs().jobs) == 2
        for engine in (own, other, admin):
            engine.dispose()


def test_a_server_that_has_moved_is_asked_for_anew_and_a_clone_stays_refused() -> None:
    place = ["before"]
    where = Whereabouts("postgresql://", "id", lambda: ("id", place[0]))

    where.require(("id", "before"))
    place[0] = "after"

    where.require(("id", "after"))
    for theirs in (("id", "before"), ("other", "after"), NOWHERE):
        with pytest.raises(DifferentDatabase):
            where.require(theirs)
