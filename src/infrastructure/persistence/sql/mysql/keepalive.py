"""What the system does about a line that has gone quiet."""

from __future__ import annotations

import os
import socket
from typing import Final, Protocol

QUIET_SECONDS: Final = 15
"""How long the other side may leave unconfirmed what was sent."""

_OPTIONS: Final = {
    "TCP_KEEPIDLE": 10,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": QUIET_SECONDS * 1_000,
}
"""Those that a system does not have are left out."""


class HasDescriptor(Protocol):
    """What knows its own line."""

    def fileno(self) -> int:
        """The descriptor of the open line."""
        ...


def watch(connection: HasDescriptor) -> None:
    """Let a TCP connection break once its other side has been quiet for too long.

    A server that works on a long statement is not quiet: its system confirms what it gets.
    """
    with socket.socket(fileno=os.dup(connection.fileno())) as line:
        if line.family not in {socket.AF_INET, socket.AF_INET6}:
            return
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _OPTIONS.items():
            option = getattr(socket, name, None)
            if option is not None:
                line.setsockopt(socket.IPPROTO_TCP, option, value)
