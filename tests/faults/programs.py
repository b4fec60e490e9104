"""What the processes of the kill tests do, over the public API alone.

Run as `python -m tests.faults.programs NAME FILE [ARGUMENT...]`.
"""

import asyncio
import os
import random
import signal
import sys
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from errands import Errands, JobContext
from tests.integration.programs import heard, say

LEASE_SECONDS = 1.0


def work(path: str) -> None:
    """A worker with short leases, whose jobs take a moment."""
    app = Errands(f"sqlite:///{path}")

    @app.handler("job")
    async def job(data: object, context: JobContext) -> int:
        await asyncio.sleep(random.uniform(0, 0.02))
        return context.starts

    serve(app)


def serve(app: Errands) -> None:
    """Work until the input ends."""

    async def main() -> None:
        async with app, app.worker(lease=LEASE_SECONDS, renewal=LEASE_SECONDS / 4, poll=0.2):
            say("ready")
            await heard()

    asyncio.run(main())


def add(path: str, name: str) -> None:
    """Add without end, and acknowledge what is surely committed."""

    async def main() -> None:
        async with Errands(f"sqlite:///{path}") as app:
            queue = app.queue(max_crashes=1_000)
            say("ready")
            for number in range(1_000_000):
                ids = [f"{name}-{number}-{member}" for member in range(1 + number % 6)]
                await asyncio.gather(*(queue.add("job", job_id=each) for each in ids))
                say(" ".join(ids))
                await asyncio.sleep(0.01)

    asyncio.run(main())


def add_many(path: str, name: str, members: str) -> None:
    """Add batch after batch, each whole or not at all."""
    with Errands(f"sqlite:///{path}").sync as app:
        queue = app.queue()
        say("ready")
        for number in range(1_000_000):
            batch = f"{name}-{number}"
            queue.add_many(
                ("job", None, {"job_id": f"{batch}-{member}"}) for member in range(int(members))
            )
            say(batch)


def migrate(path: str) -> None:
    """Say when all is loaded, then make the schema."""
    with Errands("sqlite:///:memory:").sync:
        say("ready")
    with Errands(f"sqlite:///{path}").sync:
        say("migrated")


def effects(path: str) -> None:
    """Jobs that write their effect and their end in one transaction, and die on the way."""
    app = Errands(f"sqlite:///{path}")
    engine = sa.create_engine(f"sqlite:///{path}")
    effect = sa.text("INSERT INTO effects (job) VALUES (:job)")

    @app.handler("effect")
    async def write(data: str, context: JobContext) -> None:
        dies_at = data if context.starts == 1 else ""
        with engine.connect() as connection:
            connection.execute(effect, {"job": context.id})
            die_if(dies_at == "before")
            await context.complete_in(connection)
            die_if(dies_at == "between")
            connection.commit()
            die_if(dies_at == "after")

    serve(app)


def die_if(is_time: Any) -> None:
    """The hardest end there is."""
    if is_time:
        os.kill(os.getpid(), signal.SIGKILL)


PROGRAMS: dict[str, Callable[..., None]] = {
    program.__name__: program for program in (work, add, add_many, migrate, effects)
}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](*sys.argv[2:])
