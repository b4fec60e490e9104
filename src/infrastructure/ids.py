"""Ids: UUIDv7 (RFC 9562), made fast."""

from __future__ import annotations

import os
import secrets
import socket
import time
from typing import Final

from ..core.ports.id_generator import IdGenerator
from .fork_safe_lock import fork_safe_lock

_RANDOM: Final = (1 << 62) - 1
_VARIANT: Final = 1 << 63
_MOST: Final = 0xFFF
POOL: Final = 512
"""Random halves that are drawn together."""


class Uuid7Generator(IdGenerator):
    """UUIDv7 text: 48 bits of milliseconds, a 12-bit count within one, 62 random bits.

    Ids of one process are strictly increasing (method 1 of RFC 9562 section 6.2). Random
    bits come from the operating system, a few hundred ids at a time; a forked child
    draws its own. A signal handler may draw one in the middle of a draw, or cut it off.
    """

    def __init__(self) -> None:
        self._lock = fork_safe_lock()
        self._pid = os.getpid()
        self._ms = 0
        self._head = ""
        self._count = 0
        self._tails: list[str] = []

    def job_id(self) -> str:
        with self._lock:
            tail = self._tail()
            now = time.time_ns() // 1_000_000
            while now > self._ms or self._count > _MOST:
                self._begin(max(now, self._ms + 1))
            # No call stands between the question and the answer, and so no signal.
            head, count = self._head, self._count
            self._count = count + 1
            return f"{head}{count:03x}-{tail}"

    def token(self) -> str:
        return self.job_id()

    def worker_id(self) -> str:
        return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def _begin(self, ms: int) -> None:
        digits = f"{ms:012x}"
        head = f"{digits[:8]}-{digits[8:]}-7"
        if ms > self._ms:  # A signal handler may have come farther.
            self._ms, self._head, self._count = ms, head, 0

    def _tail(self) -> str:
        if not self._tails or self._pid != os.getpid():
            self._refill()
        try:
            return self._tails.pop()
        except IndexError:  # A signal handler has drawn the last one.
            return self._tail()

    def _refill(self) -> None:
        """Draw the random halves of the next ids, with the variant bits of the RFC."""
        noise = os.urandom(8 * POOL)
        words = (int.from_bytes(noise[at : at + 8], "big") for at in range(0, len(noise), 8))
        texts = (f"{word & _RANDOM | _VARIANT:016x}" for word in words)
        tails = [f"{text[:4]}-{text[4:]}" for text in texts]
        pid = os.getpid()
        self._tails, self._pid = tails, pid
