"""A connection whose other side says nothing any more, and does not confirm either."""

import socket

import pytest

from errands.infrastructure.persistence.sql.mysql.keepalive import QUIET_SECONDS, watch


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="a word of Linux")
def test_a_line_that_is_watched_breaks_when_nothing_is_confirmed() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as line,
    ):
        watch(line)

        said = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        assert said == QUIET_SECONDS * 1_000
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) < QUIET_SECONDS


def test_a_line_within_the_machine_needs_no_watching() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        watch(ours)

        ours.sendall(b"x")
        assert theirs.recv(1) == b"x"
