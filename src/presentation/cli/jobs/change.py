"""`errands jobs retry`, `cancel` and `remove`."""

from __future__ import annotations

from collections.abc import Callable

from rich.markup import escape

from ....core.application.facade.sync_job_handle import SyncJobHandle
from ....core.domain.errors import AmbiguousJobId, IllegalTransition, JobNotFound, JobUnreadable
from ....core.domain.job.status import JobStatus
from ..finding import find_job
from ..opening import operator_of
from ..options import AsJson, Flag, JobId, Url
from ..output import Trouble, complain, print_json, say

Verb = Callable[[SyncJobHandle], str]


def retry(
    *ids: JobId,
    reset_attempts: Flag = False,
    url: Url = None,
    as_json: AsJson = False,
) -> int:
    """Run settled jobs again: completed, failed or cancelled ones.

    For example:

    - `errands jobs retry 0197f0c2-7d1c-7a0e-8f5e-3b1c2d3e4f50 --reset-attempts`

    Parameters
    ----------
    reset_attempts
        Forget the attempts made; without it a job that is out of attempts runs once more.
    """

    def verb(job: SyncJobHandle) -> str:
        job.retry(reset_attempts=reset_attempts)
        return "waits again"

    return _each(ids, verb, url, as_json=as_json)


def cancel(
    *ids: JobId,
    reason: str = "",
    url: Url = None,
    as_json: AsJson = False,
) -> int:
    """Cancel jobs: at once where they do not run, else their run is asked to end.

    For example:

    - `errands jobs cancel slow/nightly-import --reason "wrong file"`

    Parameters
    ----------
    reason
        Why; kept with the job.
    """

    def verb(job: SyncJobHandle) -> str:
        job.cancel(reason)
        return "is asked to end" if job.status is JobStatus.ACTIVE else "is cancelled"

    return _each(ids, verb, url, as_json=as_json)


def remove(
    *ids: JobId,
    force: Flag = False,
    url: Url = None,
    as_json: AsJson = False,
) -> int:
    """Delete jobs with their logs, for good.

    For example:

    - `errands jobs remove 0197f0c2-7d1c-7a0e-8f5e-3b1c2d3e4f50`

    Parameters
    ----------
    force
        Also a running one; what its run returns is then rejected.
    """

    def verb(job: SyncJobHandle) -> str:
        job.remove(force=force)
        return "is removed"

    return _each(ids, verb, url, as_json=as_json)


def _each(ids: tuple[str, ...], verb: Verb, url: str | None, *, as_json: bool) -> int:
    """Apply a verb to each job; those it fails for do not keep it from the others."""
    if not ids:
        raise Trouble("name at least one job", 2)
    done: list[dict[str, str]] = []
    exit_code = 0
    with operator_of(url).open() as app:
        for id_ in ids:
            try:
                job = find_job(app, id_)
                done.append({"queue": job.queue, "id": job.id, "outcome": verb(job)})
            except (JobNotFound, JobUnreadable, AmbiguousJobId, IllegalTransition) as error:
                exit_code = complain(str(error), 1)
    if as_json:
        print_json(done)
    else:
        for one in done:
            say(f"[bold]{escape(one['queue'])}/{escape(one['id'])}[/] {one['outcome']}")
    return exit_code
