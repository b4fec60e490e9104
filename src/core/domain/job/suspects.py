"""Jobs that may be what kills their workers, and how the others are kept from harm."""

from __future__ import annotations

from collections.abc import Sequence

from .job import Job


def divided(claimed: Sequence[Job], *, is_beside: bool) -> tuple[list[Job], list[Job]]:
    """Which of the jobs that a worker has claimed it may run, and which it has to give back.

    A suspect runs alone in its worker, so that only what killed a worker ends for it. The first
    one runs where it was claimed before all others and nothing else runs (`is_beside`); then all
    others go back. Else the others run, and all suspects go back.
    """
    suspects = [job for job in claimed if job.crashes and job.is_suspect]
    if not suspects:
        return list(claimed), []
    if claimed[0].is_suspect and not is_beside:
        return [claimed[0]], list(claimed[1:])
    return [job for job in claimed if not job.is_suspect], suspects
