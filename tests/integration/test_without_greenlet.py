"""Installs without greenlet, which SQLAlchemy needs for its async API alone."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import asyncio, sys
sys.modules["greenlet"] = None  # cannot be imported
import sqlalchemy as sa
from sqlalchemy.orm import Session
from errands import Errands

url = sys.argv[1]
engine = sa.create_engine(url)
app = Errands(url)

@app.handler("bill")
async def bill(data, context):
    with Session(engine) as session, session.begin():
        await context.complete_in(session, "billed")

async def main():
    async with app, app.worker(poll=0.1):
        with Session(engine) as session:
            job = await app.queue().add("bill", connection=session, max_attempts=1)
            session.commit()
        with engine.begin() as connection:
            other = await app.queue().add("bill", connection=connection, max_attempts=1)
        print(await job.result(timeout=20), await other.result(timeout=20))

asyncio.run(main())
"""


def test_a_plain_session_needs_no_greenlet(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'jobs.db'}"

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, url],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stdout.split() == ["billed", "billed"], done.stderr
