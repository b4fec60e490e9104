"""Which jobs a bulk verb is for, as they are now that they are locked."""

from datetime import timedelta

import attrs
import pytest

from errands import JobStatus
from errands.core.application.use_cases.administer import JobSelection
from errands.core.domain.job.job import Job
from errands.core.domain.job.moment import Moment
from tests.unit.domain.builders import NOW, SECOND, active, added

ENDED = frozenset({JobStatus.COMPLETED})


def ended(age: timedelta) -> Job:
    job = active()
    job.complete("1", Moment(NOW - age))
    return job


def test_it_is_for_a_job_of_its_statuses() -> None:
    waiting = JobSelection("mail", frozenset({JobStatus.WAITING}))

    assert waiting.is_for(added(), NOW)
    assert not JobSelection("mail", ENDED).is_for(added(), NOW)


def test_it_is_for_no_job_that_was_added_after_the_verb_began() -> None:
    job = added(sequence=8)
    selection = JobSelection("mail", frozenset({JobStatus.WAITING}), up_to=8)

    assert selection.is_for(job, NOW)
    assert not attrs.evolve(selection, up_to=7).is_for(job, NOW)


@pytest.mark.parametrize(("age", "is_old"), [(SECOND, False), (2 * SECOND, True)])
def test_it_is_for_jobs_that_ended_long_enough_ago(age: timedelta, is_old: bool) -> None:
    job = ended(age)
    selection = JobSelection("mail", ENDED, older_than=2 * SECOND)

    assert selection.is_for(job, NOW) is is_old


@pytest.mark.parametrize(("age", "is_before"), [(SECOND, False), (2 * SECOND, True)])
def test_it_is_for_jobs_that_ended_before_a_moment(age: timedelta, is_before: bool) -> None:
    selection = JobSelection("mail", ENDED, before=NOW - SECOND)

    assert selection.is_for(ended(age), NOW) is is_before
