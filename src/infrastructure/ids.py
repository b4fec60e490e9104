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
_POOL: Final = 512


class Uuid7Generator(IdGenerator):
    """UUIDv7 text: 48 bits of milliseconds, a 12-bit count within one, 62 random bits.

    Ids of one process are strictly increasing (method 1 of RFC 9562 section 6.2). Random
    bits come from the operating system, a few hundred ids at a time; a forked child
    draws its own.
    """

    def __init__(self) -> None:
        self._lock = fork_safe_lock()
        self._pid = os.getpid()
        self._ms = 0
        self._head = ""
        self._count = 0
        self._tails: list[str] = []

    def job_id(self) -> str:
        """See the port."""
        with self._lock:
            if not self._tails or self._pid != os.getpid():
                self._refill()
            now = time.time_ns() // 1_000_000
            if now > self._ms:
                self._begin(now)
            elif self._count > _MOST:
                self._begin(self._ms + 1)
            count = self._count
            self._count = count + 1
            return f"{self._head}{count:03x}-{self._tails.pop()}"

    def token(self) -> str:
        """See the port."""
        return self.job_id()

    def worker_id(self) -> str:
        """See the port."""
        return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def _begin(self, ms: int) -> None:
        self._ms, self._count = ms, 0
        digits = f"{ms:012x}"
        self._head = f"{digits[:8]}-{digits[8:]}-7"

    def _refill(self) -> None:
        """Draw the random halves of the next ids, with the variant bits of the RFC."""
        self._pid = os.getpid()
        noise = os.urandom(8 * _POOL)
        words = (int.from_bytes(noise[at : at + 8], "big") for at in range(0, len(noise), 8))
        texts = (f"{word & _RANDOM | _VARIANT:016x}" for word in words)
        self._tails = [f"{text[:4]}-{text[4:]}" for text in texts]
