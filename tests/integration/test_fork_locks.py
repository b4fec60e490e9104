"""A fork while another thread is inside: the child must not wait for a thread it does not have."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

LOCK = """
import os
from errands.infrastructure.fork_safe_lock import fork_safe_lock

lock = fork_safe_lock()
lock.acquire()
child = os.fork()
if not child:
    os._exit(0 if lock.acquire(timeout=5) else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert lock.locked()
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


@pytest.mark.parametrize("program", [LOCK, SOURCE], ids=["lock", "source"])
def test_what_a_thread_of_the_parent_holds_is_no_matter_in_a_child(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
