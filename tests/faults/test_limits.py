"""More than a database takes at once, or ever."""

import asyncio
import json
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
import sqlalchemy as sa

from errands import Errands, JobContext, JobSpec, JobStatus, PayloadTooLarge, StoreUnusable
from tests import servers, stores
from tests.faults.looking import until_settled
from tests.faults.proxy import Proxy
from tests.faults.site import Site, engine_of, site_of, through

QUOTES: Final = ['"' * 40] * 12_000
"""A megabyte of JSON, of which almost each character needs another before it in a statement."""
LONG: Final = "x" * 17_000_000
"""More than MariaDB takes in one statement by default."""
ROOMY: Final[dict[str, Any]] = {"max_payload": 20_000_000}


@pytest.fixture
async def app(site: Site) -> AsyncIterator[Errands]:
    app = Errands(site.url)
    async with app:
        yield app


@pytest.fixture
async def bounded(tmp_path: Path) -> AsyncIterator[Errands]:
    """An application on a server that takes no statement of such a length."""
    with site_of("mariadb", tmp_path) as site:
        app = Errands(site.url)
        async with app:
            yield app


async def test_ten_large_results_that_end_together_are_all_kept(app: Errands) -> None:
    all_here = asyncio.Barrier(10)

    @app.handler("x")
    async def end(data: object, context: JobContext) -> list[str]:
        await all_here.wait()
        return QUOTES

    jobs = await app.queue().add_many([("x", None)] * 10)
    async with app.worker(poll=0.1):
        results = [await job.result(timeout=40) for job in jobs]

    assert all(result == QUOTES for result in results)


@pytest.mark.long
@pytest.mark.timeout(180)
async def test_many_jobs_with_long_histories_change_at_once(app: Errands, site: Site) -> None:
    """Two failures of nine kilobytes each: together more than one statement may hold."""
    failure = ["ValueError", '"' * 4_000, '"' * 5_000, 1, 1]
    await app.queue().add_many([("x", None, {"delay": 3600})] * 520)
    site.run("UPDATE errands_job SET failures = :failures", failures=json.dumps([failure] * 2))

    assert await app.queue().promote_many() == 520
    site.run("UPDATE errands_job SET status = 'failed', finished_at = 1")
    assert await app.queue().retry_many(status="failed") == 520
    site.run("UPDATE errands_job SET status = 'delayed', run_at = 1")
    assert (await app.scheduler().sweep())["promoted"] == 520
    assert (await app.queue().counts())[JobStatus.WAITING].value == 520


async def test_a_result_that_no_statement_holds_fails_its_own_job(bounded: Errands) -> None:
    all_here = asyncio.Barrier(2)

    @bounded.handler("x")
    async def end(data: object, context: JobContext) -> object:
        await all_here.wait()
        return LONG if data is None else data

    bad = await bounded.queue().add("x", None, max_attempts=1, **ROOMY)
    good = await bounded.queue().add("x", "good")
    async with bounded.worker(poll=0.1):
        assert await good.result(timeout=20) == "good"
        await until_settled(bad)

    assert bad.status is JobStatus.FAILED
    assert "PayloadTooLarge: result: needs a statement" in bad.reason
    assert "max_allowed_packet" in bad.reason


async def test_what_a_run_reports_beyond_the_limit_is_refused_at_the_call(
    bounded: Errands,
) -> None:
    told: list[str] = []

    @bounded.handler("x")
    async def report(data: object, context: JobContext) -> str:
        for call in (context.update_progress, context.save_state):
            with pytest.raises(PayloadTooLarge) as refused:
                await call(LONG)
            told.append(refused.value.field)
        assert await context.log(LONG) == 1
        return "done"

    job = await bounded.queue().add("x", **ROOMY)
    async with bounded.worker(poll=0.1):
        assert await job.result(timeout=20) == "done"

    assert told == ["progress", "state"]


async def test_an_add_beyond_the_limit_is_refused_at_the_call(bounded: Errands) -> None:
    queue = bounded.queue(**ROOMY)
    small = await queue.add("x", "small", delay=60)

    with pytest.raises(PayloadTooLarge, match=r"^data: .*max_allowed_packet"):
        await queue.add("x", LONG)
    with pytest.raises(PayloadTooLarge, match=r"^data of member 1: "):
        await queue.add_many([("x", "small"), JobSpec("x", LONG)])
    with pytest.raises(PayloadTooLarge, match="data"):
        await small.update_data(LONG)
    engine = engine_of(bounded.url)
    with engine.connect() as connection, pytest.raises(PayloadTooLarge, match="data"):
        await queue.add("x", LONG, connection=connection)
    engine.dispose()

    assert (await queue.counts())[JobStatus.WAITING].value == 0


@pytest.mark.long
async def test_a_job_of_several_large_values_runs_and_is_read(bounded: Errands) -> None:
    """Each fits a statement, all together do not."""
    large = LONG[:12_000_000]

    @bounded.handler("x")
    async def end(data: str, context: JobContext) -> str:
        await context.save_state(data)
        await context.update_progress(data)
        return data

    job = await bounded.queue().add("x", large, **ROOMY)
    async with bounded.worker(poll=0.1):
        assert await job.result(timeout=40) == large

    assert (await job.refresh()).data == job.progress == large


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_a_postgresql_database_that_cannot_hold_all_text_is_refused(encoding: str) -> None:
    options = f"ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    with (
        _database("postgresql", options) as url,
        pytest.raises(StoreUnusable, match=f"{encoding}.*ENCODING 'UTF8'"),
    ):
        await Errands(url).initialize()


STRANGE: Final = "\N{PILE OF POO} ß \N{EURO SIGN} \u4e2d"


async def test_a_mariadb_database_of_another_character_set_holds_all_text() -> None:
    with _database("mariadb", "CHARACTER SET latin1") as url:
        await _carry_strange_text(url)


async def test_a_sqlite_file_in_utf_16_holds_all_text(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'jobs.db'}"
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA encoding = 'UTF-16le'")
        connection.exec_driver_sql("CREATE TABLE mine (x)")
        connection.commit()
    engine.dispose()

    await _carry_strange_text(url)


async def _carry_strange_text(url: str) -> None:
    """Text in each place where a job has some, there and back."""
    app = Errands(url)

    @app.handler(STRANGE, queue=STRANGE)
    async def carry(data: str, context: JobContext) -> str:
        await context.save_state(data)
        await context.update_progress(data)
        await context.log(data)
        if context.attempt == 1:
            raise ValueError(data)
        return data

    async with app:
        queue = app.queue(STRANGE)
        options: dict[str, Any] = {"job_id": STRANGE, "tags": [STRANGE], "backoff": 0}
        job = await queue.add(STRANGE, STRANGE, metadata={STRANGE: STRANGE}, **options)
        async with app.worker(poll=0.1):
            assert await job.result(timeout=20) == STRANGE

        await job.refresh()
        assert (job.id, job.name, job.queue, job.data) == (STRANGE,) * 4
        assert (job.progress, job.failures[0].message) == (STRANGE, STRANGE)
        assert [line.text for line in await job.logs()] == [STRANGE] * 2
        found = await queue.jobs(metadata={STRANGE: STRANGE}, tag=STRANGE)
        assert [each.id for each in found.jobs] == [STRANGE]


@contextmanager
def _database(store: str, options: str) -> Generator[str]:
    """The URL of a new database that is made with these options."""
    if store not in stores.chosen():
        pytest.skip(f"left out: no {store}")
    server, name = servers.server(store), f"errands_other_{uuid4().hex[:8]}"
    engine = server.engine()
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} {options}")
    try:
        yield server.url_of(name)
    finally:
        with engine.connect() as connection:
            force = " WITH (FORCE)" if store == "postgresql" else ""
            connection.exec_driver_sql(f"DROP DATABASE {name}{force}")
        engine.dispose()


class _Choking(Proxy):
    """A network that hangs up on every line on which something in particular is said."""

    def meets_cut_before(self, data: bytes) -> bool:
        return b"choke" in data


async def test_a_server_that_hangs_up_on_a_long_statement_has_refused_it(tmp_path: Path) -> None:
    """What stands between may have a limit of its own, which nobody can ask for."""
    all_here = asyncio.Barrier(4)
    with site_of("mariadb", tmp_path) as site, _Choking(sa.make_url(site.url).port or 3306) as line:
        app = Errands(through(site, line.port))

        @app.handler("x")
        async def end(data: object, context: JobContext) -> object:
            await all_here.wait()
            return "choke" * 400_000 if data is None else data

        async with app:
            bad = await app.queue().add("x", None, max_attempts=1, max_payload=4_000_000)
            good = await app.queue().add_many([("x", number) for number in range(1, 4)])
            async with app.worker(poll=0.1):
                assert [await job.result(timeout=25) for job in good] == [1, 2, 3]
                await until_settled(bad)

    assert bad.status is JobStatus.FAILED
    assert "hangs up on a statement of 2,000," in bad.reason
