"""A database that nobody can use any more until somebody mends it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Final

import attrs
import pytest
import sqlalchemy as sa

from errands import Errands, JobContext, StoreUnusable
from tests.faults.crew import Crew
from tests.faults.guest import ACCOUNT, account
from tests.faults.looking import until
from tests.faults.site import Site

MENDED: Final = "until this is mended"


@pytest.fixture
async def app(site: Site) -> AsyncIterator[Errands]:
    app = Errands(site.url)
    async with app:
        yield app


async def test_a_worker_program_ends_where_its_table_is_gone(site: Site, crew: Crew) -> None:
    async with Errands(site.url) as app:
        job = await app.queue().add("note")
        worker = crew.start("run", 1)
        await job.result(timeout=30)
        site.run("DROP VIEW errands_backlog")
        site.run("DROP TABLE errands_job")

        assert await worker.ends() == 1

    assert MENDED in worker.errors
    assert "errands_job" in worker.errors
    assert "the worker ends" in worker.errors
    assert "StoreUnusable" in worker.errors.splitlines()[-1]


async def test_a_worker_goes_on_where_the_table_comes_back_in_time(
    app: Errands, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    @app.handler("x")
    async def end(data: object, context: JobContext) -> int:
        return context.starts

    with caplog.at_level(logging.INFO, "errands"):
        async with app.worker(poll=0.1, lease=60, renewal=1) as worker:
            before = await app.queue().add("x")
            await before.result(timeout=20)
            site.run("ALTER TABLE errands_job RENAME TO elsewhere")
            await until(lambda: _tells(caplog, MENDED), True)
            site.run("ALTER TABLE elsewhere RENAME TO errands_job")
            after = await app.queue().add("x")

            assert await after.result(timeout=20) == 1
            assert worker.is_running

    told = [record.message for record in caplog.records if record.name == "errands.worker"]
    assert len([message for message in told if MENDED in message]) == 1
    assert any(message.startswith("the store works again") for message in told)


async def _tells(caplog: pytest.LogCaptureFixture, words: str) -> bool:
    return any(
        words in record.message for record in caplog.records if record.name == "errands.worker"
    )


async def test_a_worker_whose_rights_were_taken_says_so_and_ends(site: Site) -> None:
    if site.name == "sqlite":
        pytest.skip("has no rights but those of files")
    async with Errands(site.url):
        pass
    with account(site) as url:
        app = Errands(url)

        @app.handler("x")
        async def end(data: object, context: JobContext) -> int:
            return context.starts

        async with app:
            worker = app.worker(poll=0.1, lease=1, renewal=0.2)
            working = asyncio.ensure_future(worker.run(handle_signals=False))
            job = await app.queue().add("x")
            await job.result(timeout=20)
            _take_rights(site)

            with pytest.raises(StoreUnusable, match=r"denied"):
                await asyncio.wait_for(working, 20)
            assert not worker.is_running


async def test_a_worker_program_ends_where_its_database_is_gone(site: Site, crew: Crew) -> None:
    if site.name == "sqlite":
        pytest.skip("makes a file that is gone anew")
    name = sa.make_url(site.url).database
    async with Errands(site.url) as app:
        job = await app.queue().add("note")
        worker = crew.start("run", 1)
        await job.result(timeout=30)
    elsewhere = attrs.evolve(site, url=_database(site, ELSEWHERE[site.name]))
    forced = " WITH (FORCE)" if site.name == "postgresql" else ""
    _execute(elsewhere, f"DROP DATABASE {name}{forced}")
    try:
        assert await worker.ends() == 1
    finally:
        _execute(elsewhere, f"CREATE DATABASE {name}")

    assert MENDED in worker.errors
    assert "StoreUnusable" in worker.errors.splitlines()[-1]


async def test_a_database_or_an_account_that_is_not_there_is_no_outage(site: Site) -> None:
    if site.name == "sqlite":
        pytest.skip("makes a database that is not there, and has no accounts")
    stranger = sa.make_url(site.url).set(username="errands_nobody")
    missing = _database(site, "errands_nowhere")
    for url in (missing, stranger.render_as_string(hide_password=False)):
        with pytest.raises(StoreUnusable):
            await Errands(url).initialize()


@pytest.mark.parametrize("how", ["ACCOUNT LOCK", "PASSWORD EXPIRE"])
async def test_an_account_that_was_locked_or_has_to_change_its_password_is_no_outage(
    site: Site, how: str
) -> None:
    if site.name != "mariadb":
        pytest.skip("has no such accounts")
    async with Errands(site.url):
        pass
    with account(site) as url:
        site.run(f"ALTER USER {ACCOUNT}@'127.0.0.1' {how}")
        with pytest.raises(StoreUnusable):
            await Errands(url).initialize()


ELSEWHERE: Final = {"postgresql": "postgres", "mariadb": "mysql"}


def _database(site: Site, name: str) -> str:
    return sa.make_url(site.url).set(database=name).render_as_string(hide_password=False)


def _execute(elsewhere: Site, statement: str) -> None:
    with elsewhere.connection(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(statement))


def _take_rights(site: Site) -> None:
    who = f"{ACCOUNT}@'127.0.0.1'" if site.name == "mariadb" else ACCOUNT
    site.run(f"REVOKE ALL ON errands_job FROM {who}")
