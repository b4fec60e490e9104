"""Databases that do not take certain values: triggers that somebody else has made."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from errands import Errands, JobContext
from tests.faults.site import Site

FORBIDDEN: Final = "forbidden"
"""What no column with such a trigger may hold."""

_SQLITE: Final = """
CREATE TRIGGER {name} BEFORE {verb} ON {table}
WHEN {condition} BEGIN SELECT RAISE(ABORT, 'not here'); END
"""
_FUNCTION: Final = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {condition} THEN RAISE EXCEPTION 'not here'; END IF;
    RETURN NEW;
END $$
"""
_POSTGRESQL: Final = """
CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()
"""
_MARIADB: Final = """
CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW
IF {condition} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not here'; END IF
"""
_SLEEPING: Final = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {condition} THEN PERFORM pg_sleep(60); END IF;
    RETURN NEW;
END $$
"""
_MARIADB_SLEEPING: Final = """
CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW
IF {condition} THEN DO SLEEP(60); END IF
"""
_SQLITE_SKIPPING: Final = """
CREATE TRIGGER {name} BEFORE {verb} ON {table}
WHEN {condition} BEGIN SELECT RAISE(IGNORE); END
"""
_SKIPPING: Final = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {condition} THEN RETURN NULL; END IF;
    RETURN coalesce(NEW, OLD);
END $$
"""
_SKIPS: Final = {"sqlite": [_SQLITE_SKIPPING], "postgresql": [_SKIPPING, _POSTGRESQL]}
_SLEEPS: Final = {"postgresql": [_SLEEPING, _POSTGRESQL], "mariadb": [_MARIADB_SLEEPING]}
_LIMITS: Final = {
    "postgresql": {"options": "-c statement_timeout=300"},
    "mariadb": {"init_command": "SET SESSION max_statement_time = 0.3"},
}
_STATEMENTS: Final = {
    "sqlite": [_SQLITE],
    "postgresql": [_FUNCTION, _POSTGRESQL],
    "mariadb": [_MARIADB],
}


def forbid(site: Site, column: str, *, verb: str = "UPDATE", table: str = "errands_job") -> None:
    """Let the database refuse each row that comes to have the word in this column."""
    forbid_where(site, f"NEW.{column} LIKE '%forbidden%'", verb=verb, table=table)


def forbid_where(
    site: Site, condition: str, *, verb: str = "UPDATE", table: str = "errands_job"
) -> None:
    """Let the database refuse a row on this condition, which speaks of NEW and OLD."""
    _make(site, _STATEMENTS[site.name], condition=condition, verb=verb, table=table)


def skip_where(site: Site, condition: str, *, verb: str = "UPDATE") -> None:
    """Let the database leave each row on this condition as it is, and say nothing."""
    _make(site, _SKIPS[site.name], condition=condition, verb=verb, table="errands_job")


def sleep_where(site: Site, condition: str, *, verb: str = "UPDATE") -> None:
    """Let a server take a minute for each row on this condition."""
    _make(site, _SLEEPS[site.name], condition=condition, verb=verb, table="errands_job")


def in_a_hurry(site: Site) -> str:
    """The URL by which the server breaks each statement off that takes longer than 0.3 s."""
    address = sa.make_url(site.url).update_query_dict(_LIMITS[site.name])
    return address.render_as_string(hide_password=False)


def _make(site: Site, statements: Sequence[str], *, condition: str, **words: str) -> None:
    name = f"forbid_{abs(hash(condition))}"
    with site.connection() as connection:
        for statement in statements:
            connection.execute(sa.text(statement.format(name=name, condition=condition, **words)))
        connection.commit()


def meet_a_missing_table(site: Site, condition: str | None = None) -> None:
    """Let PostgreSQL look into a table that is gone for each row on this condition.

    Without one: for each result that has the word.
    """
    condition = condition or f"NEW.result::text LIKE '%{FORBIDDEN}%'"
    site.run(
        "CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {condition} THEN PERFORM 1 FROM gone; END IF; RETURN NEW; END $$"
    )
    site.run(
        "CREATE TRIGGER audit BEFORE UPDATE ON errands_job FOR EACH ROW EXECUTE FUNCTION audit()"
    )


def end_together(app: Errands, count: int) -> None:
    """Let so many runs end at once, each with its data as its result."""
    all_here = asyncio.Barrier(count)

    @app.handler("together")
    async def wait_for_all(data: Any, context: JobContext) -> Any:
        if context.attempt == 1:
            await all_here.wait()
        return data
