"""What callers ask for, checked and made into values that a unit of work can take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from ..domain.errors import InvalidOption, UnknownOption
from ..domain.job.identity import JobId, JobRef, checked_name
from ..domain.job.options import JobOptions
from ..domain.job.status import JobStatus
from ..ports.codec import Codec
from ..ports.id_generator import IdGenerator
from ..ports.job_catalog import JobQuery
from .use_cases.add import NewJob

MOST_LISTED = 1_000
"""Jobs on one page, at most."""


class JobSpec:
    """One member of `add_many`: name, data and the options of `add`."""

    def __init__(self, name: str, data: Any = None, **options: Any) -> None:
        self.name = name
        self.data = data
        self.options = options


Member = JobSpec | tuple[str, Any] | tuple[str, Any, Mapping[str, Any]]


@attrs.frozen(kw_only=True)
class Requests:
    """Makes checked requests for one queue, with its defaults under the job's own options."""

    queue: str
    codec: Codec
    ids: IdGenerator
    defaults: Mapping[str, Any]

    def new_job(self, name: str, data: Any, options: Mapping[str, Any]) -> NewJob:
        """One job to add. Raises `InvalidOption` and its kin, naming the field."""
        checked = JobOptions.of({**self.defaults, **options})
        own_id = checked.job_id
        return NewJob(
            JobRef(self.queue, JobId(own_id) if own_id is not None else self.ids.job_id()),
            checked_name(name, "name"),
            self.codec.encode(data, field="data", limit=checked.policy.max_payload),
            self._kept(checked),
            own_id is not None,
        )

    def new_jobs(self, members: Iterable[Member]) -> list[NewJob]:
        """All jobs of an `add_many`; the error of an invalid one names its index."""
        jobs: list[NewJob] = []
        for index, member in enumerate(members):
            try:
                name, data, options = _parts(member)
                jobs.append(self.new_job(name, data, options))
            except InvalidOption as error:
                raise error.at(index) from error
        return jobs

    def data(self, value: Any, limit: int) -> str:
        """New data for a job."""
        return self.codec.encode(value, field="data", limit=limit)

    def _kept(self, options: JobOptions) -> JobOptions:
        """The options with their mappings as every store gives them back, and nobody changes."""
        if not options.labels.metadata and not options.labels.trace_context:
            return options
        labels = attrs.evolve(
            options.labels,
            metadata=self._as_kept(options, "metadata"),
            trace_context=self._as_kept(options, "trace_context"),
        )
        return attrs.evolve(options, labels=labels)

    def _as_kept(self, options: JobOptions, field: str) -> Any:
        value, limit = getattr(options.labels, field), options.policy.max_payload
        return self.codec.decode(self.codec.encode(value, field=field, limit=limit))


def _parts(member: Member) -> tuple[str, Any, Mapping[str, Any]]:
    match member:
        case JobSpec():
            return member.name, member.data, member.options
        case (name, data):
            return name, data, {}
        case (name, data, Mapping() as options):
            return name, data, options
        case _:  # pyright: ignore[reportUnnecessaryComparison] - callers without a type checker
            raise InvalidOption("jobs", "must be JobSpec or (name, data[, options])")


def checked_statuses(status: Any) -> frozenset[JobStatus]:
    """Statuses from one, its name, or several; None is all of them."""
    names: Any = [] if status is None else [status] if isinstance(status, str) else status
    try:
        return frozenset(map(JobStatus, names))
    except (TypeError, ValueError):
        known = ", ".join(known.value for known in JobStatus)
        raise InvalidOption("status", f"{status!r} is not one of {known}") from None


def checked_limit(limit: object, field: str = "limit", most: int = MOST_LISTED) -> int:
    """A page size from 1 to `most`."""
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= most:
        raise InvalidOption(field, f"must be an integer from 1 to {most}")
    return limit


def checked_count(count: object, field: str) -> int:
    """A number of things, from 0."""
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise InvalidOption(field, "must be an integer of at least 0")
    return count


def checked_ref(queue: str, job_id: str) -> JobRef:
    """The job of this id, which must be one that a job can have."""
    return JobRef(queue, checked_name(job_id, "job_id"))


def checked_cursor(after: object) -> int | None:
    """A cursor as a page or an event has given it out."""
    if after is None:
        return None
    if isinstance(after, bool) or not isinstance(after, int) or not 0 <= after < 2**63:
        raise InvalidOption("after", "must be a cursor that was given out")
    return after


def query(
    queue: str | None,
    *,
    status: object = None,
    name: str | None = None,
    tag: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    error: str | None = None,
    newest_first: bool = True,
    **unknown: object,
) -> JobQuery:
    """A checked query. Raises `UnknownOption` for a condition that there is not."""
    for condition in unknown:
        raise UnknownOption(condition, "is not a condition of a listing")
    return JobQuery(
        queue=queue,
        statuses=checked_statuses(status),
        name=name,
        tag=tag,
        metadata=dict(metadata or {}),
        error=error,
        newest_first=newest_first,
    )
