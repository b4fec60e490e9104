"""A program that goes on after `app.run()`, in which a handler has left a thread behind."""

import signal

import pytest

from errands import Errands
from tests.integration.cli.terminal import Terminal

PROGRAM = """
import atexit, os, sys, threading, time
from errands import Errands

app = Errands("sqlite:///./errands.db", poll=0.05)
is_over = threading.Event()

@app.handler("leave a thread")
def leave_a_thread(data):
    thread = threading.Thread(target=is_over.wait, daemon=False)
    app.left = thread
    thread.start()
    os.write(1, b"left\\n")

@atexit.register
def clean_up():
    if is_over.is_set():
        time.sleep(7)  # longer than what hangs may take
        os.write(1, b"cleaned up\\n")

app.run()
end = sys.argv[1]
if end == "exit":
    sys.exit(3)
if end == "raise":
    raise ValueError("the program has failed")
if end == "thread ends":
    is_over.set()
    app.left.join()
if end == "thread ends late":
    threading.Thread(target=lambda: (time.sleep(0.5), is_over.set()), daemon=True).start()
"""


@pytest.mark.parametrize("end", ["exit", "raise"])
def test_a_program_that_fails_is_no_success_although_a_thread_hangs(
    terminal: Terminal, end: str
) -> None:
    with Errands(terminal.url).sync as app, terminal.runs(*program(terminal, end)) as worker:
        app.queue().add("leave a thread")
        worker.prints("left")
        worker.send(signal.SIGTERM)

        worker.says("something was left")
        assert worker.ends() != 0


@pytest.mark.parametrize("end", ["thread ends", "thread ends late"])
def test_its_exit_hooks_may_take_their_time_once_no_thread_is_left(
    terminal: Terminal, end: str
) -> None:
    with Errands(terminal.url).sync as app, terminal.runs(*program(terminal, end)) as worker:
        app.queue().add("leave a thread")
        worker.prints("left")
        worker.send(signal.SIGTERM)

        worker.prints("cleaned up")
        assert worker.ends() == 0


def program(terminal: Terminal, end: str) -> tuple[str, str]:
    (terminal.folder / "shop.py").write_text(PROGRAM)
    return "shop.py", end
