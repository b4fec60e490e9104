"""The peers, each with options that its own documents name.

Where those give no value, it was chosen by short trials: procrastinate's concurrency of 1 to 40,
pgqueuer's batches of 100 to 1,000 and oban's limits of 20 to 500 (no clear difference for either),
huey's 1 to 4 threads, and flexiq's threads, batches and polls.
"""

from __future__ import annotations

from typing import Final

from tests.benchmarks.peers.peer import OURS, Peer, StoreName

PEERS: Final = (
    Peer(
        name="huey",
        store="sqlite",
        installs=("huey",),
        program="huey_queue.py",
        settings=(
            "one worker thread, which is its default and the fastest here; D polls every 10 ms"
            " (default: 100 ms, growing). It has no bulk call on SQLite: B is `task.map`, one"
            " commit a job"
        ),
        durability="WAL, synchronous=FULL, as it ships",
        keeps=(
            "deletes a job when a worker takes it, so a crash loses the job (at most once);"
            " keeps no result of a handler that returns None"
        ),
    ),
    Peer(
        name="litequeue",
        store="sqlite",
        installs=("litequeue",),
        program="litequeue_queue.py",
        least_python=(3, 12),
        settings=(
            "a table and no worker: the loop of pop, handler and done is the benchmark's own and"
            " looks every 10 ms when idle; B is puts inside one of its transactions. C is C1"
        ),
        durability="WAL, synchronous=NORMAL",
        keeps="keeps the rows; no retries by itself, no results, no history",
    ),
    Peer(
        name="flexiq",
        store="sqlite",
        installs=("flexiq",),
        program="flexiq_queue.py",
        settings=(
            "called taskito before, a Rust core; 100 threads, batches of 500 and a poll each 5 ms"
            " for C and E, one thread a core and the same poll for D (default: batches of 1, a"
            " poll each 50 ms); B is `enqueue_many`"
        ),
        durability="WAL, synchronous=NORMAL",
        keeps="keeps rows and results",
    ),
    Peer(
        name="procrastinate",
        store="postgresql",
        installs=("procrastinate", "psycopg[binary]"),
        program="procrastinate_queue.py",
        settings="async worker, concurrency 20 (default 1), LISTEN; B is `batch_defer_async`",
        keeps="keeps rows and events; no results",
    ),
    Peer(
        name="pgqueuer",
        store="postgresql",
        installs=("pgqueuer[asyncpg]",),
        program="pgqueuer_queue.py",
        settings=(
            "asyncpg and uvloop; batches of 500 for C and E, of 10 (default) for D; C1 has"
            " `concurrency_limit=1` and batches of 1; B is one `enqueue` of lists"
        ),
        keeps="deletes the job's row and keeps a line in a log; no results",
    ),
    Peer(
        name="oban",
        store="postgresql",
        installs=("oban",),
        program="oban_queue.py",
        least_python=(3, 12),
        settings=(
            "the Python one, without Pro; uvloop and orjson as in its command line; queue limit"
            " 100 for C and E, 10 for D; B is `enqueue_many`"
        ),
        keeps="keeps the rows for a day; no result of this handler",
    ),
    Peer(
        name="graphile-worker",
        store="postgresql",
        installs=("graphile-worker", "pg"),
        program="graphile_worker_queue.mjs",
        settings=(
            "on Node; the settings of its page on performance for C and E (24 concurrent jobs,"
            " local queue of 500, batched completion without delay), without batching for D; C1"
            " has the same with one concurrent job; B is `addJobs`"
        ),
        keeps=(
            "deletes the row; no results. Its local queue holds 500 locked jobs, which wait four"
            " hours after a crash"
        ),
    ),
    Peer(
        name="bullmq",
        store="redis",
        installs=("bullmq", "ioredis"),
        program="bullmq_queue.mjs",
        settings="on Node with ioredis; concurrency 100; B is `addBulk`",
        keeps="keeps jobs and results in memory",
    ),
)


def ours(store: StoreName) -> Peer:
    """Errands on a store, measured by the same acts."""
    return Peer(
        name=OURS,
        store=store,
        program="errands_queue.py",
        settings=(
            "uvloop where it is installed and the garbage collector as `errands worker` sets it;"
            " concurrency 500 for C and E, default settings otherwise; B is `add_many`"
        ),
        durability="WAL, synchronous=NORMAL" if store == "sqlite" else "",
        keeps="keeps rows, results and the event log of each job",
    )
