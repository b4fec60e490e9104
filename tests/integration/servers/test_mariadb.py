"""What is special about MariaDB and MySQL: sequences, locks, snapshots, names, limits."""

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Any, TypeAlias

import pymysql
import pytest
import sqlalchemy as sa

from errands import Errands, JobContext, PayloadTooLarge, SyncErrands, SyncQueue
from errands.core.domain.job.identity import JobRef
from errands.core.ports.store import Store
from errands.core.ports.unit_of_work import UnitOfWork
from errands.infrastructure.persistence.sql.mysql.driver import LOCK_SECONDS
from errands.infrastructure.persistence.sql.mysql.engine import MysqlEngine
from errands.infrastructure.persistence.sql.mysql.sequences import SequenceObject, SideTable
from errands.infrastructure.persistence.sql.sequences import Sequences
from tests import servers, stores

pytestmark = pytest.mark.skipif("mariadb" not in stores.chosen(), reason="left out: no mariadb")
Caller: TypeAlias = "pymysql.Connection[Any]"
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def url(mariadb_scratch: servers.Scratch) -> str:
    """The URL of an empty database that has the schema."""
    return mariadb_scratch.emptied()


@pytest.fixture
def app(url: str) -> Iterator[SyncErrands]:
    with Errands(url).sync as app:
        yield app


@pytest.fixture
def queue(app: SyncErrands) -> SyncQueue:
    return app.queue()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A store of its own on the same database."""
    errands = Errands(url)
    with errands.sync:
        yield errands.container.store()


@pytest.fixture
def caller(url: str) -> Iterator[Caller]:
    """A connection as a caller has it: at REPEATABLE READ, and open until the test ends."""
    with closing(plain(url)) as connection:
        yield connection


def engine_of(url: str) -> MysqlEngine:
    address = sa.make_url(url)
    return MysqlEngine(address, url, "errands_")


def plain(url: str, **options: Any) -> Caller:
    address = sa.make_url(url)
    return pymysql.connect(
        host=address.host or "",
        port=address.port or 3306,
        user=address.username,
        password=address.password or "",
        database=address.database,
        **options,
    )


def told(url: str, statement: str) -> list[tuple[Any, ...]]:
    with closing(plain(url, autocommit=True)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


# -- sequences

SIDE_TABLE = sa.Table(
    "side_table",
    sa.MetaData(),
    sa.Column("value", sa.BigInteger, primary_key=True, autoincrement=True),
)


def sequences_of(kind: str, engine: MysqlEngine) -> Sequences:
    """What MariaDB draws from, or MySQL; both work here."""
    if kind == "side table":
        return SideTable(SIDE_TABLE)
    found = engine.dialect.sequences
    assert isinstance(found, SequenceObject)
    return found


@pytest.fixture(params=["sequence", "side table"])
def kind(request: pytest.FixtureRequest, url: str) -> Iterator[str]:
    """What sequences are drawn from."""
    told(url, "CREATE TABLE side_table (value BIGINT AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB")
    yield str(request.param)
    told(url, "DROP TABLE side_table")


def draw_many(url: str, kind: str, seed: int, rounds: int, answers: Any) -> None:
    """Draw in transactions of all sizes, every third of which rolls back."""
    engine = engine_of(url)
    sequences, connection = sequences_of(kind, engine), engine.connect()
    drawn: list[list[int]] = []
    longest = 0.0
    for turn in range(rounds):
        started = time.monotonic()
        transaction = engine.begin(connection, only_reads=False)
        drawn.append(list(sequences.draw(transaction.sql, 1 + (turn * seed) % 40)))
        (transaction.rollback if turn % 3 == 0 else transaction.commit)()
        longest = max(longest, time.monotonic() - started)
    connection.close()
    answers.put((drawn, longest))


@pytest.mark.slow
def test_no_sequence_comes_twice_and_nobody_waits_for_an_idle_transaction(
    url: str, kind: str, caller: Caller
) -> None:
    engine = engine_of(url)
    sequences = sequences_of(kind, engine)
    sql = engine.sql(caller)
    first = list(sequences.draw(sql, 3))
    second = list(sequences.draw(sql, 70))
    answers = SPAWN.Queue()

    racing = [
        SPAWN.Process(target=draw_many, args=(url, kind, seed, 60, answers)) for seed in (3, 7, 11)
    ]
    for process in racing:
        process.start()
    found = [answers.get(timeout=50) for _ in racing]
    for process in racing:
        process.join()
    caller.rollback()

    drawn = [number for each, _ in found for numbers in each for number in numbers]
    assert len({*drawn, *first, *second}) == len(drawn) + len(first) + len(second)
    assert all(numbers == sorted(numbers) for each, _ in found for numbers in each)
    assert max(longest for _, longest in found) < LOCK_SECONDS
    for each, _ in found:
        rising = [number for numbers in each for number in numbers]
        assert rising == sorted(rising)


def test_numbers_drawn_can_be_told_and_raised(url: str, kind: str) -> None:
    engine = engine_of(url)
    sequences = sequences_of(kind, engine)
    with closing(engine.connect()) as connection:
        sql = engine.sql(connection)
        assert sequences.last(sql) == 0
        drawn = list(sequences.draw(sql, 3))

        assert sequences.last(sql) >= drawn[-1]
        sequences.count_on(sql, 1_000)
        sequences.count_on(sql, 10)
        assert sequences.last(sql) == 1_000
        assert list(sequences.draw(sql, 2)) == [1_001, 1_002]


def test_a_drawn_row_leaves_nothing_behind(url: str, kind: str) -> None:
    engine = engine_of(url)
    with closing(engine.connect()) as connection:
        sequences_of(kind, engine).draw(engine.sql(connection), 2_000)

    assert told(url, "SELECT count(*) FROM side_table") == [(0,)]


# -- locks


def together(first: Callable[[], Any], second: Callable[[], Any]) -> None:
    """Run two functions at once; raises what one of them raises."""
    errors: list[BaseException] = []

    def run(function: Callable[[], Any]) -> None:
        try:
            function()
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(function,)) for function in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_a_deadlock_is_run_again(store: Store, queue: SyncQueue) -> None:
    for name in "ab":
        queue.add("x", job_id=name)
    both_hold_one = threading.Barrier(2)
    runs: list[str] = []

    def crosswise(uow: UnitOfWork, first: str, second: str) -> None:
        runs.append(first)
        job = uow.jobs.get(JobRef("default", first))
        if len(runs) <= 2:
            both_hold_one.wait(10)
        other = uow.jobs.get(JobRef("default", second))
        job.priority += 1
        other.priority += 1
        assert uow.jobs.save([job, other]) == []

    together(
        lambda: store.transact_sync(partial(crosswise, first="a", second="b")),
        lambda: store.transact_sync(partial(crosswise, first="b", second="a")),
    )

    assert len(runs) == 3
    assert [queue.get(name).priority for name in "ab"] == [2, 2]


def test_a_lock_that_took_too_long_rolls_back_everything_and_is_tried_again(
    store: Store, queue: SyncQueue, caller: Caller
) -> None:
    for name in "ab":
        queue.add("x", job_id=name)
    with caller.cursor() as cursor:
        cursor.execute("SELECT `key` FROM errands_job WHERE id = 'b' FOR UPDATE")
    runs: list[float] = []

    def raise_both(uow: UnitOfWork) -> None:
        runs.append(time.monotonic())
        job = uow.jobs.get(JobRef("default", "a"))
        job.priority += 1
        assert uow.jobs.save([job]) == []
        if len(runs) == 2:
            caller.rollback()
        other = uow.jobs.get(JobRef("default", "b"))
        other.priority += 1
        assert uow.jobs.save([other]) == []

    store.transact_sync(raise_both)

    assert len(runs) == 2
    assert LOCK_SECONDS - 0.5 < runs[1] - runs[0] < LOCK_SECONDS + 5
    assert [queue.get(name).priority for name in "ab"] == [1, 1]


def test_many_jobs_are_saved_beside_an_open_transaction(
    store: Store, queue: SyncQueue, caller: Caller
) -> None:
    """What is locked is found by its key, never by looking through the table."""
    for number in range(8):
        queue.add("x", job_id=f"job-{number}")
    with caller.cursor() as cursor:
        cursor.execute("SELECT `key` FROM errands_job WHERE id = 'job-7' FOR UPDATE")
    refs = [JobRef("default", f"job-{number}") for number in range(7)]

    def change(uow: UnitOfWork) -> None:
        jobs = uow.jobs.find(refs)
        for job in jobs:
            job.priority = 5
        assert uow.jobs.save(jobs) == []
        uow.jobs.remove(jobs[:4])

    # To wait for the caller would be in vain: its transaction is open until the rollback.
    store.transact_sync(change)

    caller.rollback()
    assert [job.priority for job in queue.jobs(newest_first=False).jobs] == [5, 5, 5, 0]


async def test_adds_claims_and_ends_do_not_wait_for_a_callers_open_transaction(
    url: str, caller: Caller
) -> None:
    async with Errands(url) as app:
        queue = app.queue()
        before = await queue.add("x", "before")
        await queue.add_many([("x", n) for n in range(5)], connection=caller)

        # To wait for the caller would be in vain: its transaction is open until the rollback.
        beside = await queue.add("x", "beside")
        await queue.add_many([("x", n) for n in range(5)])
        async with app.worker("default", processor=_echo):
            assert await before.result(timeout=10) == "before"
            assert await beside.result(timeout=10) == "beside"
        await beside.remove()

        caller.rollback()


async def _echo(context: JobContext) -> Any:
    return context.data


# -- snapshots of callers


def test_an_id_taken_after_a_callers_snapshot_gives_the_job_that_has_it(
    queue: SyncQueue, caller: Caller
) -> None:
    with caller.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM errands_job")
    queue.add("x", 1, job_id="taken")

    job = queue.add("x", 2, job_id="taken", connection=caller)
    caller.commit()

    assert job.data == queue.get("taken").data == 1
    kinds = [event.type.value for event in queue.events(after=0, follow=False)]
    assert kinds == ["added", "duplicated"]


# -- events


def test_an_event_of_an_open_transaction_is_waited_for(queue: SyncQueue, caller: Caller) -> None:
    queue.add("x", job_id="first")
    queue.add("x", job_id="open", connection=caller)
    queue.add("x", job_id="behind")

    seen = [event.job_id for event in queue.events(after=0, follow=False)]
    caller.commit()

    assert seen == ["first"]
    assert [event.job_id for event in queue.events(after=0, follow=False)] == [
        "first",
        "open",
        "behind",
    ]


def test_an_event_that_was_rolled_back_is_passed(queue: SyncQueue, caller: Caller) -> None:
    queue.add("x", job_id="first")
    queue.add("x", job_id="undone", connection=caller)
    queue.add("x", job_id="behind")

    caller.rollback()

    seen = [event.job_id for event in queue.events(after=0, follow=False)]
    assert seen == ["first", "behind"]


@pytest.mark.slow
def test_whoever_may_not_see_the_statements_of_others_waits_a_little(
    url: str, caller: Caller
) -> None:
    name = sa.make_url(url).database
    told(url, "CREATE OR REPLACE USER errands_plain@'127.0.0.1'")
    told(url, f"GRANT ALL ON {name}.* TO errands_plain@'127.0.0.1'")
    address = sa.make_url(url).set(username="errands_plain").render_as_string()
    try:
        with Errands(address).sync as app:
            queue = app.queue()
            queue.add("x", job_id="undone", connection=caller)
            queue.add("x", job_id="behind")
            caller.rollback()

            started = time.monotonic()
            while not list(queue.events(after=0, follow=False)):
                assert time.monotonic() - started < 10

            assert time.monotonic() - started > 1.5
    finally:
        told(url, "DROP USER errands_plain@'127.0.0.1'")


# -- names, values and limits


def test_names_that_differ_in_case_accents_or_blanks_are_different_names(
    app: SyncErrands,
) -> None:
    names = ["a", "a ", "A", "á", "a\u0301", "\uff41", "a\t", "ß", "ss", "🐘", "🦣"]
    for queue_name in names:
        for job_id in names:
            app.queue(queue_name).add("x", [queue_name, job_id], job_id=job_id)

    for queue_name in names:
        queue = app.queue(queue_name)
        assert [queue.get(job_id).data for job_id in names] == [
            [queue_name, job_id] for job_id in names
        ]
    assert sorted(queue.name for queue in app.queues()) == sorted(names)


STRANGE = [
    "null",
    "",
    "'quoted' \"twice\" \\back\\slash\\\\",
    "%s %(name)s %% :name ?",
    "line\nend\r\ttab\x1a\x08\x01",
    "\u2028\u2029 ß 🐘 \U0010ffff",
    9_223_372_036_854_775_807,
    -9_223_372_036_854_775_808,
    0.1,
    None,
    {"a": [None, True, {"b": "c" * 70_000}]},
]


async def test_values_come_back_as_they_were_however_many_are_written(url: str) -> None:
    async with Errands(url) as app:
        queue = app.queue()
        for count in (1, len(STRANGE)):
            jobs = await queue.add_many([("x", value) for value in STRANGE[:count]])
            async with app.worker("default", processor=_echo, concurrency=count):
                results = [await job.result(timeout=20) for job in jobs]

            assert results == STRANGE[:count]
            assert [(await job.refresh()).data for job in jobs] == STRANGE[:count]


def test_what_the_server_would_not_take_is_refused_by_name(url: str) -> None:
    longest = int(told(url, "SELECT @@max_allowed_packet")[0][0])
    with Errands(url).sync as app:
        queue = app.queue(max_payload=2 * longest)
        with pytest.raises(PayloadTooLarge, match="max_allowed_packet"):
            queue.add("x", "y" * longest)
        job = queue.add("x", "y" * (longest // 2))

        assert len(queue.get(job.id).data) == longest // 2


def test_the_clock_is_the_servers(app: SyncErrands, queue: SyncQueue, url: str) -> None:
    before = told(url, "SELECT UNIX_TIMESTAMP(SYSDATE(6))")[0][0]
    job = queue.add("x")
    after = told(url, "SELECT UNIX_TIMESTAMP(SYSDATE(6))")[0][0]

    assert float(before) - 0.05 <= job.created_at.timestamp() <= float(after) + 0.05
