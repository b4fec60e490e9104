"""A line between client and server that can be cut, stalled and refused.

It stands for the network: what no test can do to a real one, it does to every connection that
goes through it.
"""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Self

CHUNK: Final = 65_536
KEPT: Final = 4_096
"""Bytes of what a client has said that are remembered, to tell lines apart."""

Filter = Callable[[bytes], bool]


class Line:
    """One connection, and its other half to the server."""

    def __init__(self, proxy: "Proxy", client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._flows = threading.Event()
        self._flows.set()
        self._is_cut = False
        self.said = b""
        """The last that the client has said."""
        for pump in (self._forward, self._answer):
            threading.Thread(target=pump, daemon=True).start()

    @property
    def is_open(self) -> bool:
        return not self._is_cut

    def stall(self) -> None:
        """Keep the connection, forward nothing: half-open."""
        self._flows.clear()

    def flow(self) -> None:
        """Forward again, also what was sent meanwhile."""
        self._flows.set()

    def cut(self) -> None:
        """Reset both halves."""
        self._is_cut = True
        self._flows.set()
        for half in (self._client, self._server):
            with suppress(OSError):
                half.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with suppress(OSError):
                half.shutdown(socket.SHUT_RDWR)
            half.close()

    def _forward(self) -> None:
        """From the client to the server, up to a cut that waits for certain bytes."""
        while data := self._received(self._client):
            self.said = (self.said + data)[-KEPT:]
            if self._proxy.meets_cut_before(data):
                self.cut()
                return
            if self._proxy.meets_cut_after(data):
                self._deliver_and_cut(data)
                return
            self._send(self._server, data)
        self.cut()

    def _deliver_and_cut(self, data: bytes) -> None:
        """Let the server have the bytes and answer them; the answer reaches nobody."""
        self._flows.clear()
        self._send(self._server, data)
        self._proxy.await_answer()
        self.cut()

    def _answer(self) -> None:
        while data := self._received(self._server):
            if not self._flows.is_set():
                self._proxy.note_answer()
            self._flows.wait()
            if self._is_cut:
                return
            self._send(self._client, data)
        self.cut()

    def _received(self, half: socket.socket) -> bytes:
        with suppress(OSError):
            data = half.recv(CHUNK)
            if half is self._client:
                self._flows.wait()
            return b"" if self._is_cut else data
        return b""

    def _send(self, half: socket.socket, data: bytes) -> None:
        with suppress(OSError):
            half.sendall(data)


class Proxy:
    """Forwards a port of its own to a server's, for as long as the block runs."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._target = (host, port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._lines: list[Line] = []
        self._refuses = False
        self._cut_before: Filter | None = None
        self._cut_after: Filter | None = None
        self._answered = threading.Event()
        self._lock = threading.Lock()
        self.cuts = 0
        """How many lines were cut because of what was said on them."""
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """Where clients connect to."""
        return int(self._listening.getsockname()[1])

    @property
    def lines(self) -> list[Line]:
        """The connections that are open."""
        self._lines = [line for line in self._lines if line.is_open]
        return list(self._lines)

    def lines_that_said(self, words: bytes) -> list[Line]:
        """The open connections of clients that said this lately."""
        return [line for line in self.lines if words in line.said]

    def stall(self) -> None:
        """Stall every line that is open."""
        for line in self.lines:
            line.stall()

    def flow(self) -> None:
        """Forward again on every line."""
        for line in self.lines:
            line.flow()

    def cut(self) -> None:
        """Cut every line that is open."""
        for line in self.lines:
            line.cut()

    def refuse(self) -> None:
        """Cut every line, and take no new ones."""
        self._refuses = True
        self.cut()

    def accept(self) -> None:
        """Take new lines again."""
        self._refuses = False

    def cut_before(self, words: bytes) -> None:
        """Cut, once, the next line on which a client says this; the server never hears it."""
        self._cut_before = lambda data: words in data

    def cut_after(self, words: bytes) -> None:
        """Cut, once, the next line on which this is said, when the server has answered it."""
        self._answered.clear()
        self._cut_after = lambda data: words in data

    def meets_cut_before(self, data: bytes) -> bool:
        """Whether the words that were waited for are here; true once."""
        with self._lock:
            if self._cut_before is None or not self._cut_before(data):
                return False
            self._cut_before = None
            self.cuts += 1
            return True

    def meets_cut_after(self, data: bytes) -> bool:
        """Whether the words that were waited for are here; true once."""
        with self._lock:
            if self._cut_after is None or not self._cut_after(data):
                return False
            self._cut_after = None
            self.cuts += 1
            return True

    def note_answer(self) -> None:
        """The server has answered what the cut waits for."""
        self._answered.set()

    def await_answer(self) -> None:
        """Wait until it has."""
        assert self._answered.wait(10), "the server did not answer"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        if self._refuses:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            return
        try:
            server = socket.create_connection(self._target)
        except OSError:
            client.close()
            return
        for half in (client, server):
            half.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines.append(Line(self, client, server))
