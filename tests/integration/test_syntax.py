"""A new table needs four words of an engine: the same rows come of them on each."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
import sqlalchemy as sa

from errands.infrastructure.persistence.sql.mysql.schema import MariadbTables
from errands.infrastructure.persistence.sql.mysql.syntax import MysqlSyntax
from errands.infrastructure.persistence.sql.postgresql.schema import PostgresqlTables
from errands.infrastructure.persistence.sql.postgresql.syntax import PostgresqlSyntax
from errands.infrastructure.persistence.sql.sqlite.schema import TABLES
from errands.infrastructure.persistence.sql.sqlite.syntax import SqliteSyntax
from errands.infrastructure.persistence.sql.syntax import SqlSyntax
from errands.infrastructure.persistence.sql.types import NAME, key, optional, required
from tests import servers, stores

SYNTAX: Final[dict[str, SqlSyntax]] = {
    "sqlite": SqliteSyntax(TABLES),
    "postgresql": PostgresqlSyntax(PostgresqlTables()),
    "mariadb": MysqlSyntax(MariadbTables()),
}
NAMES: Final = ("queue", "key", "holder", "until")
KEY: Final = NAMES[:2]
HELD: Final = sa.Table(
    "errands_held",
    sa.MetaData(),
    key("queue", NAME),
    key("key", NAME),
    required("holder", sa.BigInteger()),
    optional("until", sa.BigInteger()),
)
"""A table of no engine's own; some of its names are words of SQL."""
Row = tuple[Any, ...]
OURS: Final = ("mail", "a", 2**40, 5)
THEIRS: Final = ("mail", "a", 7, 9)


@attrs.frozen
class Place:
    """An empty table on one engine."""

    syntax: SqlSyntax
    engine: sa.Engine

    def rows(self) -> list[Row]:
        with self.engine.connect() as connection:
            found = connection.execute(sa.select(HELD).order_by(*HELD.c))
            return [tuple(row) for row in found]

    def run(self, change: Any, values: dict[str, Any]) -> None:
        with self.engine.begin() as connection:
            connection.execute(change, values)

    def insert_new(self, row: Row) -> None:
        new = self.syntax.insert_new(HELD, values_of(NAMES), key=KEY)
        self.run(new, named(row))

    def locked(self, *, passes_over: bool) -> Any:
        return self.syntax.locked(sa.select(HELD.c.key), of=None, passes_over=passes_over)


@pytest.fixture(params=[name for name in stores.chosen() if name in SYNTAX])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Each engine that is there."""
    name: str = request.param
    if name == "sqlite":
        engine = sa.create_engine(f"sqlite:///{tmp_path / 'held.db'}")
        HELD.metadata.create_all(engine)
        yield Place(SYNTAX[name], engine)
        engine.dispose()
        return
    with servers.server(name).database() as database:
        engine = servers.server(name).engine(database)
        HELD.metadata.create_all(engine)
        yield Place(SYNTAX[name], engine.execution_options(isolation_level="READ COMMITTED"))
        engine.dispose()


def values_of(names: tuple[str, ...]) -> dict[str, sa.ColumnElement[Any]]:
    return {name: sa.bindparam("new_" + name) for name in names}


def named(row: Row) -> dict[str, Any]:
    return {"new_" + name: value for name, value in zip(NAMES, row, strict=False)}


def test_a_row_is_new_once(place: Place) -> None:
    place.insert_new(OURS)
    place.insert_new(THEIRS)

    assert place.rows() == [OURS]


def test_a_row_that_is_there_takes_the_new_values(place: Place) -> None:
    place.insert_new(OURS)
    saved = place.syntax.upsert(HELD, values_of(NAMES), key=KEY, changes=["holder", "until"])

    place.run(saved, named(THEIRS))
    place.run(saved, named(("mail", "A", 1, None)))

    assert sorted(place.rows()) == [("mail", "A", 1, None), THEIRS]


def test_only_a_row_that_fulfils_the_condition_is_changed(place: Place) -> None:
    place.insert_new(OURS)
    place.insert_new(("mail", "b", 1, 1))
    taken = place.syntax.upsert(
        HELD, values_of(NAMES), key=KEY, changes=["holder", "until"], where=HELD.c.until < 3
    )

    place.run(taken, named(THEIRS))
    place.run(taken, named(("mail", "b", 2, 6)))

    assert place.rows() == [OURS, ("mail", "b", 2, 6)]


def test_what_has_no_value_becomes_null(place: Place) -> None:
    place.insert_new(OURS)
    known = place.syntax.upsert(HELD, values_of(NAMES[:3]), key=KEY, changes=["until"])

    place.run(known, named(THEIRS[:3]))

    assert place.rows() == [("mail", "a", 2**40, None)]


def test_many_rows_are_given_as_one_parameter(place: Place) -> None:
    rows = [OURS, ("mail", 'b"\\%:é', -1, None), ("post", "a", 2**62, 0)]
    given = place.syntax.given({name: HELD.c[name] for name in NAMES})
    new = HELD.insert().from_select(list(NAMES), sa.select(*(given.c[name] for name in NAMES)))

    place.run(new, {"rows": place.syntax.rows_text(NAMES, rows)})

    assert sorted(place.rows(), key=str) == sorted(rows, key=str)


def test_what_is_there_of_given_keys_is_found(place: Place) -> None:
    place.insert_new(OURS)
    given = place.syntax.given({"of_queue": HELD.c.queue, "of_key": HELD.c.key})
    same = (HELD.c.queue == given.c.of_queue, HELD.c.key == given.c.of_key)
    keys = place.syntax.rows_text(("of_queue", "of_key"), [("mail", "a"), ("mail", "A")])

    with place.engine.connect() as connection:
        found = connection.execute(sa.select(HELD.c.holder).where(*same), {"rows": keys}).fetchall()

    assert [tuple(row) for row in found] == [(2**40,)]


def test_what_others_have_locked_is_passed_over(place: Place) -> None:
    place.insert_new(OURS)
    place.insert_new(("mail", "b", 1, None))
    mine = place.locked(passes_over=False).where(HELD.c.key == "a")
    if place.engine.dialect.name == "sqlite":
        assert "FOR UPDATE" not in str(mine.compile(place.engine))
        return

    with closing(place.engine.connect()) as ours, closing(place.engine.connect()) as others:
        ours.execute(mine)
        found = others.execute(place.locked(passes_over=True)).scalars().all()

    assert found == ["b"]
