"""A process that ends when the test process does, however that ends."""

import subprocess


class Leash:
    """Holds a process as long as this one lives; let go of it once it has ended.

    A shell waits for the end of its input, which is that of the process at the other end of
    the pipe: also where that is killed, and no fixture can tidy up.
    """

    def __init__(self, pid: int) -> None:
        self._shell = subprocess.Popen(
            ["sh", "-c", 'read -r _; kill -9 "$0"', str(pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def let_go(self) -> None:
        """Hold it no longer."""
        self._shell.kill()
        self._shell.wait()
        if self._shell.stdin is not None:
            self._shell.stdin.close()
