"""A worker whose log nobody reads keeps its leases."""

import asyncio
import logging
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from errands import Errands, JobHandle
from tests.faults.looking import until
from tests.integration.cli.terminal import environment
from tests.integration.life.conftest import Shop

NOISY = """
import logging, os
from errands import Errands

app = Errands(os.environ["SHOP_URL"], poll=0.05, lease=2, renewal=0.5)

@app.handler("noisy")
async def noisy(data):
    os.write(1, b"begun\\n")
    while True:
        logging.getLogger("shop").warning("x" * 200)

if __name__ == "__main__":
    app.run()
"""


async def test_a_worker_whose_log_nobody_reads_keeps_its_leases(shop: Shop, url: str) -> None:
    app = Errands(url, poll=0.05, lease=2, renewal=0.5)

    @app.handler("noisy")
    @app.handler("sleep", queue="later")
    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds)

    async with app:
        job = await app.queue().add("noisy", 0)
        worker = subprocess.Popen(  # noqa: ASYNC220 - begins at once
            [sys.executable, "shop.py"],
            cwd=shop(NOISY).folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(SHOP_URL=url),
        )
        try:
            assert worker.stdout is not None
            assert await asyncio.to_thread(worker.stdout.readline) == b"begun\n"
            later = await app.queue("later").add("sleep", 8)
            async with app.worker(["default", "later"]):
                await later.result(timeout=40)
            job = await job.refresh()
            assert (str(job.status), job.starts, job.crashes) == ("active", 1, 0)
        finally:
            worker.kill()
            worker.communicate()


async def test_leases_are_renewed_though_a_warning_of_their_write_finds_no_reader(
    tmp_path: Path,
) -> None:
    hanging = Hanging()
    logger = logging.getLogger("errands.sqlite")
    app, goes_on = Errands(f"sqlite:///{tmp_path / 'shop.db'}"), asyncio.Event()

    @app.handler("x")
    async def stay(data: object) -> str:
        await goes_on.wait()
        return "done"

    async def lease() -> int:
        return _lease(tmp_path / "shop.db")

    async def is_renewed() -> bool:
        return await lease() > before

    try:
        async with app, app.worker(lease=60, renewal=0.2):
            job = await app.queue().add("x")
            await until(lambda: _is_active(job), True)
            logger.addHandler(hanging)
            with _locked(tmp_path / "shop.db"):
                assert await asyncio.to_thread(hanging.is_written_to.wait, 20)
            before = await lease()
            await until(is_renewed, True)
            goes_on.set()
            hanging.goes_on.set()
            assert await job.result(timeout=20) == "done"
    finally:
        hanging.goes_on.set()
        logger.removeHandler(hanging)


class Hanging(logging.Handler):
    """A log that keeps whoever writes to it, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.is_written_to = threading.Event()
        self.goes_on = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.is_written_to.set()
        self.goes_on.wait(60)


async def _is_active(job: JobHandle) -> bool:
    return str((await job.refresh()).status) == "active"


@contextmanager
def _locked(path: Path) -> Generator[None]:
    """Nobody else can write as long as the block runs."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.rollback()


def _lease(path: Path) -> int:
    """When the lease of the one job ends."""
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT lease_expires_at FROM errands_job").fetchone()[0])
