"""What happens when the test process ends, however that ends."""

import subprocess
from typing import Self


class Leash:
    """Runs a command when this process ends; let go of it once there is nothing to do any more.

    A shell waits for the end of its input, which is that of the process at the other end of
    the pipe: also where that is killed, and no fixture can tidy up.
    """

    def __init__(self, *command: str) -> None:
        self._shell = subprocess.Popen(
            ["sh", "-c", 'read -r _; exec "$@"', "sh", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @classmethod
    def of_process(cls, pid: int) -> Self:
        """Kills a process when this one ends."""
        return cls("kill", "-9", str(pid))

    def let_go(self) -> None:
        """Do nothing any more."""
        self._shell.kill()
        self._shell.wait()
        if self._shell.stdin is not None:
            self._shell.stdin.close()
