"""Commands whose standard streams are closed, as some service managers and scripts have them."""

import signal
import subprocess

import pytest

from tests.faults.looking import until
from tests.integration.cli.terminal import COMMAND, Terminal, environment

APP = """
from errands import Errands

app = Errands()

@app.handler("x")
def x(data: object) -> None:
    print("said to nobody", flush=True)
"""


def closed(terminal: Terminal, redirections: str, *arguments: str) -> "subprocess.Popen[str]":
    script = f'exec "$0" "$@" {redirections}'
    return subprocess.Popen(
        ["/bin/sh", "-c", script, COMMAND, *arguments],
        cwd=terminal.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


@pytest.mark.parametrize("redirections", [">&-", "<&- >&-", "<&- >&- 2>&-"])
def test_an_add_that_can_print_nothing_says_that_it_has_added(
    terminal: Terminal, redirections: str
) -> None:
    added = closed(terminal, redirections, "add", "x", "1", "--id=one")

    assert added.communicate(timeout=50)[1] == ""
    assert added.returncode == 0
    assert terminal.run("jobs", "show", "one").code == 0


def test_a_wrong_call_is_told_where_nothing_can_be_printed(terminal: Terminal) -> None:
    wrong = closed(terminal, ">&-", "nosuch")

    assert "nosuch" in wrong.communicate(timeout=50)[1]
    assert wrong.returncode == 2


async def test_workers_that_can_print_nothing_work_and_end_well(terminal: Terminal) -> None:
    (terminal.folder / "shop.py").write_text(APP)
    terminal.run("add", "x", "1", "--id=one")
    worker = closed(terminal, "<&- >&-", "worker", "shop:app", "--processes=2")

    async def status() -> str:
        return str(terminal.run("jobs", "show", "one", "--json").json["status"])

    try:
        await until(status, "completed")
        worker.send_signal(signal.SIGTERM)

        assert "Traceback" not in worker.communicate(timeout=50)[1]
        assert worker.returncode == 0
    finally:
        worker.kill()
