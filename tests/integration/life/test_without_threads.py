"""A worker program ends although a handler has left no thread to be had."""

import signal

import pytest

from errands import Errands
from tests.integration.life.conftest import Shop

GREEDY = """
import asyncio, os, threading, time
from errands import Errands

app = Errands(os.environ["SHOP_URL"], poll=0.05, grace=0.2)
start = threading.Thread.start

def refuse(thread):
    raise RuntimeError("can't start new thread")

def take_all(daemon):
    threading.Thread(target=time.sleep, args=(300,), daemon=daemon).start()
    threading.Thread.start = refuse
    os.write(1, b"begun\\n")

@app.handler("blocking")
async def block(data):
    take_all(daemon=True)
    time.sleep(1e6)

@app.handler("leaving threads")
async def leave(data):
    take_all(daemon=False)
    await asyncio.sleep(300)

if __name__ == "__main__":
    app.run()
"""


@pytest.mark.parametrize("name", ["blocking", "leaving threads"])
def test_a_program_without_threads_gives_its_jobs_back_and_ends(
    shop: Shop, url: str, name: str
) -> None:
    terminal = shop(GREEDY)
    with Errands(url).sync as app, terminal.runs("shop.py", SHOP_URL=url) as worker:
        job = app.queue().add(name)
        worker.prints("begun")
        worker.send(signal.SIGTERM)

        assert worker.ends() == 1
        assert (str(job.refresh().status), job.starts) == ("waiting", 0)
