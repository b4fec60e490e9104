"""A plain handler may fork, whatever its child comes to."""

import pytest

from errands import Errands
from tests.integration.cli.terminal import Terminal

FORKING = """
import os, signal, sys
from errands import Errands

app = Errands("sqlite:///./errands.db", poll=0.05)

@app.handler("fork")
def fork(data):
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    signal.alarm(15)
    print("the child says so")
    match data:
        case "return":
            return "by the child"
        case "raise":
            raise ValueError("in the child")
        case code:
            sys.exit(code)

app.run()
"""


@pytest.mark.parametrize(
    ("end", "exit_code"), [("return", 0), ("raise", 1), (None, 0), (3, 3), ("a sentence", 1)]
)
def test_the_child_of_a_plain_handler_ends_as_a_process_does(
    terminal: Terminal, end: object, exit_code: int
) -> None:
    (terminal.folder / "shop.py").write_text(FORKING)
    with Errands(terminal.url).sync as app, terminal.runs("shop.py") as worker:
        job = app.queue().add("fork", end, max_attempts=1)

        assert job.result(timeout=40) == exit_code
        worker.prints("the child says so")
        if end == "raise":
            worker.says("ValueError: in the child")
        if end == "a sentence":
            worker.says("a sentence")
