"""Ids and fencing tokens."""

from __future__ import annotations

from typing import Protocol


class IdGenerator(Protocol):
    """Unique names, drawn before a transaction so that it can be run again."""

    def job_id(self) -> str:
        """A UUIDv7 as text: sortable by the time it was drawn (RFC 9562)."""
        ...

    def token(self) -> str:
        """A fencing token never given out before."""
        ...

    def worker_id(self) -> str:
        """A name for one start of one worker: readable, and never used again."""
        ...
