"""Servers that end all sessions, and have no room for all of them again."""

import asyncio
from contextlib import suppress
from uuid import uuid4

import attrs
import pytest
import sqlalchemy as sa

from errands import Errands, JobContext, StoreError
from tests.faults.looking import until
from tests.faults.own_server import OwnServer
from tests.faults.site import Site, examined

LEASE = 2.0
JOBS = 4

pytestmark = [pytest.mark.long, pytest.mark.timeout(120)]


@attrs.frozen
class Account:
    """An account of the database server that may have only so many connections."""

    server: OwnServer
    site: Site
    name: str = attrs.field(factory=lambda: f"few_{uuid4().hex[:8]}")

    @property
    def url(self) -> str:
        """The site's database, for this account."""
        address = sa.make_url(self.site.url).set(username=self.name)
        return address.render_as_string(hide_password=False)

    def make(self) -> None:
        """Make it, and let it do everything in the site's database."""
        database = sa.make_url(self.site.url).database
        if self.site.name == "postgresql":
            self._run(f"CREATE ROLE {self.name} LOGIN")
            self._run(f"ALTER DATABASE {database} OWNER TO {self.name}")
        else:
            self._run(f"CREATE USER {self.name}@'%'")
            self._run(f"GRANT ALL ON {database}.* TO {self.name}@'%'")

    def limit(self, connections: int) -> None:
        """End all its connections, and let it have so many from now on."""
        self._allow(connections)
        if self.site.name == "postgresql":
            self._run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                f"WHERE usename = '{self.name}'"
            )
        else:
            self._run(f"KILL USER {self.name}")

    def lift(self) -> None:
        """Let it have as many as it likes."""
        self._allow(-1 if self.site.name == "postgresql" else 0)

    def _allow(self, connections: int) -> None:
        if self.site.name == "postgresql":
            self._run(f"ALTER ROLE {self.name} CONNECTION LIMIT {connections}")
        else:
            self._run(f"ALTER USER {self.name}@'%' WITH MAX_USER_CONNECTIONS {connections}")

    def _run(self, statement: str) -> None:
        engine = self.server.server.engine()
        with engine.connect() as connection:
            connection.execute(sa.text(statement))
        engine.dispose()


@pytest.fixture
def account(own: OwnServer, own_site: Site) -> Account:
    account = Account(own, own_site)
    account.make()
    return account


@pytest.mark.parametrize("connections", [2, 4])
async def test_a_worker_whose_server_has_few_connections_starts_no_job_twice(
    account: Account, connections: int
) -> None:
    started: list[str] = []
    async with Errands(account.url, lease=LEASE, renewal=LEASE / 4) as app:

        @app.handler("stay")
        async def stay(data: object, context: JobContext) -> None:
            started.append(context.id)
            await asyncio.sleep(4 * LEASE)

        async with app.worker(concurrency=JOBS, poll=0.2):
            jobs = await app.queue().add_many([("stay", None)] * JOBS)
            await until(lambda: asyncio.sleep(0, len(started)), JOBS)
            busy = [asyncio.ensure_future(add_all_the_time(app)) for _ in range(3)]

            await asyncio.to_thread(account.limit, connections)
            await asyncio.sleep(3 * LEASE)
            await asyncio.to_thread(account.lift)

            for adding in busy:
                adding.cancel()
            for job in jobs:
                await job.result(timeout=60)
        assert [(job.starts, job.crashes) for job in jobs] == [(1, 0)] * JOBS
        assert len(started) == JOBS
        assert examined(app) == []


async def add_all_the_time(app: Errands) -> None:
    """Keep connections of the program's own in use, as far as there are any."""
    while True:
        with suppress(StoreError):
            await app.queue("nobody's").add("x")
        await asyncio.sleep(0.1)
