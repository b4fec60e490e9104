"""A copy of a job is the same job, and no part of it is shared that can change."""

from __future__ import annotations

import attrs

from errands.core.domain.job.job import Job
from tests.unit.domain.builders import added


def test_a_copy_has_every_field() -> None:
    job = added()
    for field in attrs.fields(Job):
        setattr(job, field.name, object())

    twin = job.copy()

    assert all(getattr(twin, field.name) is getattr(job, field.name) for field in attrs.fields(Job))


def test_a_change_to_a_copy_leaves_the_job_alone() -> None:
    job = added()

    job.copy().starts = 7

    assert job.starts == 0
