"""Events of a transaction that is prepared, and committed by somebody else later."""

from collections.abc import Iterator

import attrs
import pytest
import sqlalchemy as sa

from errands import Errands, Queue
from tests.faults.looking import until
from tests.faults.own_postgresql import OwnPostgresql
from tests.faults.own_server import OwnServer, require
from tests.faults.site import Site, site_on_own

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def preparing_postgresql() -> Iterator[OwnServer]:
    """A server that lets transactions be prepared, which is not its default."""
    require(OwnPostgresql)
    with OwnPostgresql(max_prepared_transactions="5") as server:
        yield server


@pytest.fixture(params=["preparing_postgresql", "own_mariadb"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """An empty database on a server that goes with what is left prepared."""
    with site_on_own(request.getfixturevalue(request.param)) as site:
        yield site


@attrs.define
class Reader:
    """Reads what is settled by now, of which jobs were added."""

    queue: Queue
    last: int = 0
    read: list[str | None] = attrs.field(factory=list)

    async def go_on(self) -> list[str | None]:
        """Read on; all it has read so far."""
        async for event in self.queue.events(after=self.last, types=["added"], follow=False):
            self.last = event.id
            self.read.append(event.job_id)
        return self.read


async def _add(queue: Queue, connection: sa.Connection) -> None:
    """Write the event of an add. PostgreSQL prepares no transaction that has notified anybody."""
    if connection.dialect.name != "postgresql":
        await queue.add("x", job_id="slow", connection=connection)
        return
    written = connection.execute(sa.text("SELECT * FROM errands_event WHERE job_id = 'first'"))
    event = {**written.mappings().one(), "job_id": "slow"}
    del event["id"]
    values = ", ".join(f":{name}" for name in event)
    connection.execute(
        sa.text(f"INSERT INTO errands_event ({', '.join(event)}) VALUES ({values})"), event
    )


def _end(site: Site, verb: str, xid: str) -> None:
    """End a prepared transaction from another connection."""
    how = f"{verb} PREPARED" if site.name == "postgresql" else f"XA {verb}"
    with site.connection(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"{how} '{xid}'")


@pytest.mark.parametrize("ends", [["first", "slow", "fast"], ["first", "fast"]])
async def test_readers_wait_for_a_transaction_that_is_prepared(
    site: Site, ends: list[str | None]
) -> None:
    async with Errands(site.url) as app:
        queue = app.queue()
        reader = Reader(queue)
        await queue.add("x", job_id="first")
        await until(reader.go_on, ["first"])
        with site.connection() as connection:
            transaction = connection.begin_twophase()
            await _add(queue, connection)
            transaction.prepare()
            connection.invalidate()
        await queue.add("x", job_id="fast")
        before = [list(await reader.go_on()) for _ in range(3)]
        _end(site, "COMMIT" if "slow" in ends else "ROLLBACK", transaction.xid)
        await until(reader.go_on, ends)

    assert before == [["first"]] * 3
