"""Ids that a test can foresee."""

from __future__ import annotations

from itertools import count

from ...core.ports.id_generator import IdGenerator


class SequentialIds(IdGenerator):
    """`job-1`, `job-2`, ...; `token-1`, ...; `worker-1`, ...: each kind counts for itself.

    `application(ids=SequentialIds())` is an application that uses them.
    """

    def __init__(self) -> None:
        self._jobs, self._tokens, self._workers = count(1), count(1), count(1)

    def job_id(self) -> str:
        return f"job-{next(self._jobs)}"

    def token(self) -> str:
        return f"token-{next(self._tokens)}"

    def worker_id(self) -> str:
        return f"worker-{next(self._workers)}"
