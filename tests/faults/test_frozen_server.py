"""A server that is frozen: it accepts connections and answers nothing."""

import asyncio
import signal
import time
from pathlib import Path

import pytest

from errands import Errands, ResultTimeout
from tests.faults.own_server import OwnServer
from tests.faults.site import Site
from tests.integration.cli.terminal import Terminal

SHOP = """
import asyncio, os, sys
from errands import Errands

app = Errands(os.environ["SHOP_URL"], poll=0.05, lease=60)

@app.handler("nap")
async def nap(data):
    os.write(1, b"napping\\n")
    await asyncio.sleep(300)

async def main():
    worker = app.worker(grace=60)
    async with app:
        await worker.run()
        os.write(1, b"returned\\n")

if __name__ == "__main__":
    asyncio.run(main())
    os.write(1, b"done\\n")
"""


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    (tmp_path / "shop.py").write_text(SHOP)
    return Terminal(tmp_path)


async def test_waiting_for_a_result_ends_in_time(own: OwnServer, own_site: Site) -> None:
    async with Errands(own_site.url) as app:
        job = await app.queue().add("x")
        same = app.sync.queue().get(job.id)
        with own.frozen():
            began = time.monotonic()
            with pytest.raises(ResultTimeout) as here:
                await job.result(timeout=2)
            assert time.monotonic() - began < 6
            began = time.monotonic()
            with pytest.raises(ResultTimeout) as there:
                await asyncio.to_thread(same.result, timeout=2)
            assert time.monotonic() - began < 6

        assert (here.value.status, there.value.status) == ("unknown", "unknown")
        with pytest.raises(ResultTimeout) as later:
            await job.result(timeout=1)
        assert later.value.status == "waiting"


@pytest.mark.long
@pytest.mark.parametrize("signals", [1, 2])
def test_two_signals_end_a_worker(
    own: OwnServer, own_site: Site, terminal: Terminal, signals: int
) -> None:
    """Or one, and the grace."""
    grace = "0.5" if signals == 1 else "60"
    with Errands(own_site.url).sync as app:
        app.queue().add("nap")
        with terminal.started(
            "worker", "shop:app", "--grace", grace, SHOP_URL=own_site.url
        ) as worker:
            worker.prints("napping")
            with own.frozen():
                for number in (signal.SIGTERM, signal.SIGINT)[:signals]:
                    worker.send(number)

                worker.says("stopped without giving back 1 jobs: the store did not answer")
                assert worker.process.wait(30) == 1


@pytest.mark.long
def test_a_worker_within_a_program_returns_and_keeps_nobody(
    own: OwnServer, own_site: Site, terminal: Terminal
) -> None:
    with Errands(own_site.url).sync as app:
        app.queue().add("nap")
        with terminal.runs("shop.py", SHOP_URL=own_site.url) as program:
            program.prints("napping")
            with own.frozen():
                program.send(signal.SIGTERM)
                program.send(signal.SIGINT)

                program.prints("returned")
                program.prints("done")
                assert program.process.wait(30) == 0
