"""A fork while another thread is inside: the child must not wait for a thread it does not have."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

LOCK = """
import os, threading
from errands.infrastructure.fork_safe_lock import fork_safe_lock

lock, is_taken, is_over = fork_safe_lock(), threading.Event(), threading.Event()

def hold():
    with lock:
        is_taken.set()
        is_over.wait()

holder = threading.Thread(target=hold)
holder.start()
is_taken.wait()
child = os.fork()
if not child:
    os._exit(0 if lock.acquire(timeout=5) else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert not lock.acquire(blocking=False)
is_over.set()
holder.join()
"""

OWN_LOCK = """
import os
from errands.infrastructure.fork_safe_lock import fork_safe_lock

with fork_safe_lock():
    child = os.fork()
if not child:
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""

OPENING = """
import os, threading, time
from errands import Errands
from errands.testing import FaultyStore

is_opening, is_open = threading.Event(), []

class Slow(FaultyStore):
    def initialize_sync(self):
        is_opening.set()
        time.sleep(0.5)
        super().initialize_sync()
        is_open.append(True)

app = Errands(store=Slow(Errands("memory://").container.store()))
threading.Thread(target=app.sync.initialize).start()
is_opening.wait()
child = os.fork()
if not child:
    os._exit(0 if is_open else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
app.sync.shutdown()
"""

STATEMENT = """
import os, threading
from errands.infrastructure.cached_property import cached_property

is_asked, is_over = threading.Event(), threading.Event()

class Statements:
    @cached_property
    def one(self):
        if threading.current_thread() is not threading.main_thread():
            is_asked.set()
            is_over.wait()
        return 1

threading.Thread(target=lambda: Statements().one).start()
is_asked.wait()
child = os.fork()
if not child:
    threading.Timer(5, os._exit, [1]).start()
    os._exit(Statements().one - 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
is_over.set()
"""

BURST = """
import os
from errands.core.application.at_fork import at_fork

left, done = {"before": 8, "after": 8}, set()

def step(name):
    if left[name]:
        left[name] -= 1
        raise KeyboardInterrupt
    done.add(name)

at_fork(before=lambda: step("before"), after_in_parent=lambda: step("after"))
child = os.fork()
if not child:
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert done == {"before", "after"}
"""

SOURCE = """
import os, threading
from errands.infrastructure.wakeups.local_wakeup import LocalWakeup

class Source:
    def __init__(self):
        self.lock, self.stops = threading.Lock(), 0

    def start(self, on_change):
        pass

    def stop(self):
        assert self.lock.acquire(timeout=5)
        self.lock.release()
        self.stops += 1

source, wakeup = Source(), LocalWakeup()
wakeup.watch(source)
source.lock.acquire()
child = os.fork()
if not child:
    wakeup.watch(Source())
    os._exit(source.stops)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
source.lock.release()
wakeup.watch(None)
assert source.stops == 1
"""


@pytest.mark.parametrize(
    "program",
    [LOCK, OWN_LOCK, SOURCE, OPENING, STATEMENT],
    ids=["lock", "own_lock", "source", "opening", "statement"],
)
def test_what_a_thread_of_the_parent_holds_is_no_matter_in_a_child(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)


def test_a_burst_that_cuts_a_step_around_a_fork_again_and_again_leaves_it_done() -> None:
    subprocess.run([sys.executable, "-c", BURST], check=True, timeout=30, capture_output=True)
