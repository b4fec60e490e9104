"""`errands worker`, alone and with processes of its own."""

import os
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from errands import Errands, SyncErrands
from tests.faults.own_server import children_of
from tests.integration.cli.terminal import Started, Terminal

PROGRAM = """
import asyncio, os
from errands import Errands

app = Errands("sqlite:///./errands.db", lease=2, renewal=0.5, poll=0.05)
not_one = 5

@app.handler("pid")
async def pid(data):
    return os.getpid()

@app.handler("nap")
async def nap(seconds):
    os.write(1, f"napping {os.getpid()}\\n".encode())  # whole: several processes write to one pipe
    await asyncio.sleep(seconds)
    return "slept"
"""

SUPERVISOR = """
import logging, os, signal, sys, threading
from errands.presentation.cli.supervisor import Supervisor

logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")

def refuse(thread):
    raise RuntimeError("can't start new thread")

signal.signal(signal.SIGUSR1, lambda *_: setattr(threading.Thread, "start", refuse))
sys.exit(Supervisor(["shop:app"], 2).run())
"""


@pytest.fixture
def terminal(terminal: Terminal) -> Terminal:
    (terminal.folder / "shop.py").write_text(PROGRAM)
    (terminal.folder / "supervisor.py").write_text(SUPERVISOR)
    (terminal.folder / "broken.py").write_text("import shop\n1 / 0\n")
    return terminal


@pytest.fixture
def app(terminal: Terminal) -> Iterator[SyncErrands]:
    with Errands(terminal.url).sync as app:
        yield app


def started_children(supervisor: Started, count: int) -> list[int]:
    """The process ids of the next children to start."""
    lines = [supervisor.says("errands.supervisor: worker ") for _ in range(count)]
    return [int(line.split("worker ")[1].split()[0]) for line in lines]


def test_a_worker_says_which_queues_it_serves(terminal: Terminal, app: SyncErrands) -> None:
    with terminal.started("worker", "shop:app") as of_all_handlers:
        assert "working on default in" in of_all_handlers.says("errands.worker: working on")
    with terminal.started("worker", "shop:app", "--queue", "mail", "--queue", "sms") as of_two:
        assert "working on mail, sms in" in of_two.says("errands.worker: working on")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_running_jobs_end(
    terminal: Terminal, app: SyncErrands, number: signal.Signals
) -> None:
    job = app.queue().add("nap", 0.5)

    with terminal.started("worker", "shop:app") as worker:
        worker.prints("napping")
        worker.send(number)

        assert "told to end: 1 running, with up to 30 s" in worker.says("told to end")
        assert worker.ends() == 0
    assert job.refresh().return_value == "slept"
    assert job.attempts_made == 1


def test_a_second_signal_gives_jobs_back(terminal: Terminal, app: SyncErrands) -> None:
    job = app.queue().add("nap", 3600)

    with terminal.started("worker", "shop:app") as worker:
        worker.prints("napping")
        worker.send(signal.SIGTERM)
        worker.send(signal.SIGINT)

        assert worker.ends() == 0
    assert job.refresh().status == "waiting"
    assert (job.attempts_made, job.starts, job.crashes) == (0, 0, 0)


def test_what_outlives_the_grace_is_given_back(terminal: Terminal, app: SyncErrands) -> None:
    job = app.queue().add("nap", 3600)

    with terminal.started("worker", "shop:app", "--grace", "0.1") as worker:
        worker.prints("napping")
        worker.send(signal.SIGTERM)

        assert worker.ends() == 0
    assert job.refresh().status == "waiting"


def test_only_the_named_queues_are_served(terminal: Terminal, app: SyncErrands) -> None:
    elsewhere = app.queue("slow").add("pid")
    here = app.queue().add("pid")

    with terminal.started("worker", "shop:app", "--queue", "default") as worker:
        here.result(timeout=30)
        worker.send(signal.SIGTERM)
        worker.ends()

    assert elsewhere.refresh().status == "waiting"


def test_a_supervisor_replaces_a_killed_child(terminal: Terminal, app: SyncErrands) -> None:
    job = app.queue().add("nap", 3)

    with terminal.started("worker", "shop:app", "--processes", "2") as supervisor:
        children = started_children(supervisor, 2)
        victim = int(supervisor.prints("napping").split()[1])
        os.kill(victim, signal.SIGKILL)
        supervisor.says("(SIGKILL), replacing it")
        (replacement,) = started_children(supervisor, 1)
        assert victim in children
        assert replacement not in children
        assert job.result(timeout=40) == "slept"
        supervisor.send(signal.SIGTERM)

        assert supervisor.ends() == 0
    assert job.refresh().crashes == 1


def test_a_supervisor_drains_its_children(terminal: Terminal, app: SyncErrands) -> None:
    jobs = [app.queue().add("nap", 1) for _ in range(2)]
    more = ("--processes", "2", "--concurrency", "1")

    with terminal.started("worker", "shop:app", *more) as supervisor:
        for _ in jobs:
            supervisor.prints("napping")
        supervisor.send(signal.SIGTERM)

        assert supervisor.ends() == 0
    assert [job.refresh().return_value for job in jobs] == ["slept", "slept"]


def test_children_end_with_their_supervisor(terminal: Terminal, app: SyncErrands) -> None:
    app.queue().add("nap", 0.2)

    with terminal.started("worker", "shop:app", "--processes", "2") as supervisor:
        supervisor.prints("napping")
        supervisor.send(signal.SIGKILL)

        assert supervisor.ends() == -signal.SIGKILL
        # The pipe ends when nobody is left who could write to it.
        supervisor.err.read()


@pytest.mark.parametrize(
    ("target", "part"),
    [
        ("shop", "must be package.module:app"),
        ("shop:nothing", "has no 'nothing'; did you mean 'app'?"),
        ("shop:not_one", "is of type int, not an Errands; did you mean 'app'?"),
        ("shopping:app", "there is no module 'shopping'"),
        ("broken:app", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_target_that_is_none_is_told_why(terminal: Terminal, target: str, part: str) -> None:
    refused = terminal.run("worker", target, "--processes", "2")

    assert refused.code == 2
    assert part in refused.err
    assert refused.err.count("\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes descriptors from another one")
def test_a_supervisor_without_descriptors_for_a_while_replaces_a_child_later(
    terminal: Terminal, app: SyncErrands
) -> None:
    with terminal.started("worker", "shop:app", "--processes", "2") as supervisor:
        victim, _ = started_children(supervisor, 2)
        pid = supervisor.process.pid
        most = max(int(each.name) for each in Path(f"/proc/{pid}/fd").iterdir()) + 1
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, before[1]))
        os.kill(victim, signal.SIGKILL)
        supervisor.says("a worker was not started, trying again")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        started_children(supervisor, 1)
        supervisor.send(signal.SIGTERM)

        supervisor.ends()


def test_a_supervisor_without_threads_replaces_a_child(
    terminal: Terminal, app: SyncErrands
) -> None:
    """What cannot be started must not be there all the same, once for each try."""
    with terminal.runs("supervisor.py") as supervisor:
        victim, _ = started_children(supervisor, 2)
        supervisor.send(signal.SIGUSR1)
        os.kill(victim, signal.SIGKILL)
        supervisor.says("(SIGKILL), replacing it")
        started_children(supervisor, 1)
        assert len(children_of(supervisor.process.pid)) == 2
        supervisor.send(signal.SIGTERM)

        supervisor.ends()
