"""`errands db copy` and kill -9: it goes on where it was, and each job still runs once."""

import random
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from errands import Errands
from tests import stores
from tests.integration.cli.houses import KINDS, Houses, houses
from tests.integration.cli.terminal import Terminal
from tests.integration.sql import changed

KILLS = 2
JOBS = 400
PROGRAM = """
import os
from errands import Errands

app = Errands(poll=0.05)

@app.handler("note")
def note(data, context):
    with open("runs", "a") as runs:
        runs.write(context.id + "\\n")
    os.write(1, b"ran one\\n")  # whole: several threads write to one pipe
"""


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Houses]:
    yield from houses(tmp_path)


@pytest.fixture(params=KINDS)
def target(request: pytest.FixtureRequest, made: Houses) -> str:
    """The URL of an empty database of each kind."""
    if request.param not in stores.chosen():
        pytest.skip(f"left out: no {request.param}")
    return made.new(str(request.param))


def fill(terminal: Terminal, count: int) -> None:
    with Errands(terminal.url).sync as app:
        app.queue().add_many([("note", number) for number in range(count)])


def kill_a_copy(terminal: Terminal, target: str, *, at: str) -> None:
    with terminal.started("db", "copy", terminal.url, target) as copy:
        copy.prints(at)
        copy.process.kill()
        assert copy.ends() < 0


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_copy_that_is_killed_goes_on(terminal: Terminal, target: str) -> None:
    fill(terminal, 3_000)

    for _ in range(KILLS):
        kill_a_copy(terminal, target, at=random.choice(["copying jobs", "copying events"]))
    copied = terminal.run("db", "copy", terminal.url, target)
    again = terminal.run("db", "copy", terminal.url, target)

    assert (copied.code, again.code) == (0, 0)
    assert "going on where it was" in copied.out
    assert "Nothing to do" in again.out
    assert terminal.run("db", "doctor", "--url", target).code == 0


@pytest.mark.slow
def test_the_doctor_knows_half_a_copy(terminal: Terminal, made: Houses) -> None:
    fill(terminal, 3_000)
    target = made.new("sqlite")
    kill_a_copy(terminal, target, at="copying jobs: 500")

    examined = terminal.run("db", "doctor", "--json", "--url", target)
    refused = terminal.run("db", "copy", target, made.new("sqlite"))

    assert [finding["rule"] for finding in examined.json["findings"]] == ["unfinished_copy"]
    assert "begun and never finished" in refused.err


@pytest.mark.slow
def test_killed_while_comparing_it_only_compares(terminal: Terminal, made: Houses) -> None:
    fill(terminal, 3_000)
    target = made.new("sqlite")
    kill_a_copy(terminal, target, at="comparing: 1,000")

    copied = terminal.run("db", "copy", terminal.url, target)

    assert copied.code == 0
    assert "Copied: 0 jobs and 0 events" in copied.out


@pytest.mark.slow
def test_after_a_write_to_the_source_it_is_copied_anew(terminal: Terminal, made: Houses) -> None:
    fill(terminal, 3_000)
    target = made.new("sqlite")

    with (
        Errands(terminal.url).sync as app,
        terminal.started("db", "copy", terminal.url, target) as copy,
    ):
        copy.prints("copying jobs: 500")
        copy.send(signal.SIGSTOP)
        app.queue().add("note")
        copy.send(signal.SIGCONT)
        code, said = copy.ends(), copy.err.read()
    again = terminal.run("db", "copy", terminal.url, target)

    assert code == 1
    assert "was written to while it was copied: stop its workers" in said
    assert again.code == 0
    assert "beginning anew" in again.out
    assert "Copied: 3,001 jobs" in again.out


@pytest.mark.slow
def test_what_differs_is_named_and_then_copied_again(terminal: Terminal, made: Houses) -> None:
    fill(terminal, 3_000)
    target = made.new("sqlite")
    kill_a_copy(terminal, target, at="copying events")
    path = Path(target.removeprefix("sqlite:///"))
    spoil = "UPDATE errands_job SET data = '0.5' WHERE key = 7 RETURNING id"
    [(job_id,)] = changed(path, spoil)

    told = terminal.run("db", "copy", terminal.url, target)
    again = terminal.run("db", "copy", terminal.url, target)

    assert told.code == 1
    assert f"The jobs differ, first at default/{job_id}." in told.out
    assert again.code == 0


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_every_job_runs_once_in_one_house_or_the_other(terminal: Terminal, target: str) -> None:
    (terminal.folder / "shop.py").write_text(PROGRAM)
    fill(terminal, JOBS)
    with terminal.started("worker", "shop:app", JOB_QUEUE_DATABASE_URL=terminal.url) as worker:
        worker.prints("ran")
        worker.process.terminate()
        assert worker.ends() == 0
    already = (terminal.folder / "runs").read_text().split()

    kill_a_copy(terminal, target, at="copying jobs: ")
    copied = terminal.run("db", "copy", terminal.url, target)
    with terminal.started("worker", "shop:app", JOB_QUEUE_DATABASE_URL=target) as worker:
        for _ in range(JOBS - len(already)):
            worker.prints("ran")
        worker.process.terminate()
        assert worker.ends() == 0

    runs = (terminal.folder / "runs").read_text().split()
    assert copied.code == 0
    assert 0 < len(already) < JOBS
    assert Counter(Counter(runs).values()) == {1: JOBS}
    assert terminal.run("db", "doctor", "--url", target).code == 0
