"""What callers ask for, checked and made into values that a unit of work can take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import attrs

from ..domain.errors import InvalidOption
from ..domain.job.identity import JobId, JobRef, checked_name
from ..domain.job.options import JobOptions
from ..ports.codec import Codec
from ..ports.id_generator import IdGenerator
from .use_cases.add import NewJob


class JobSpec:
    """One member of `add_many`: name, data and the options of `add`."""

    def __init__(self, name: str, data: Any = None, **options: Any) -> None:
        self.name = name
        self.data = data
        self.options = options


Member = JobSpec | tuple[str, Any] | tuple[str, Any, Mapping[str, Any]]


@attrs.frozen(kw_only=True)
class JobValidator:
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
        if not isinstance(members, Iterable):
            raise InvalidOption("jobs", f"must be a list of jobs, not {type(members).__name__}")
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


def checked_count(count: object, field: str) -> int:
    """A number of things, from 0."""
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count < 2**31:
        raise InvalidOption(field, "must be an integer of at least 0, below 2**31")
    return int(count)


def checked_ref(queue: str, job_id: str) -> JobRef:
    """The job of this id, which must be one that a job can have."""
    return JobRef(queue, checked_name(job_id, "job_id"))


def checked_queues(queues: object) -> list[str]:
    """Names of queues from one or several, each once, in order."""
    if isinstance(queues, str):
        return [checked_name(queues, "queues")]
    if not isinstance(queues, Iterable):
        raise InvalidOption("queues", f"must be names of queues, not {type(queues).__name__}")
    names = cast("Iterable[object]", queues)
    return list(dict.fromkeys(checked_name(name, "queues") for name in names))
