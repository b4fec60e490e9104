"""Which job an id means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.application.facade.sync_job_handle import SyncJobHandle
from ...core.domain.errors import JobNotFound

if TYPE_CHECKING:
    from ...core.application.facade.sync_client import SyncErrands


def find_job(app: SyncErrands, text: str) -> SyncJobHandle:
    """The job called `id` or `queue/id`. Raises `JobNotFound`, `AmbiguousJobId`.

    Ids and names of queues may contain slashes: a bare id goes first, then the shortest
    queue name that fits.
    """
    try:
        return app.get(text)
    except JobNotFound:
        for queue, job_id in _splits(text):
            job = app.queue(queue).find(job_id)
            if job is not None:
                return job
        raise


def _splits(text: str) -> list[tuple[str, str]]:
    places = [place for place, sign in enumerate(text) if sign == "/"]
    pairs = [(text[:place], text[place + 1 :]) for place in places]
    return [(queue, job_id) for queue, job_id in pairs if queue.strip() and job_id.strip()]
