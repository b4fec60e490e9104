import pytest

from errands.core.domain.job.identity import JobRef
from errands.core.domain.job.job import Job
from errands.core.domain.job.moment import Moment
from errands.core.domain.job.options import JobOptions, JobPolicy
from errands.core.domain.job.suspects import divided
from errands.testing import FakeClock


def a_job(crashes: int = 0, most: int = 3) -> Job:
    options = JobOptions(policy=JobPolicy(max_crashes=most))
    ref, now = JobRef("default", "a"), FakeClock().now
    job, _ = Job.add(ref=ref, name="x", data="1", options=options, moment=Moment(now))
    job.crashes = crashes
    return job


@pytest.mark.parametrize(
    ("crashes", "most", "is_suspect"),
    [(0, 3, False), (2, 3, False), (3, 3, True), (9, 3, True), (0, 0, False), (1, 1, True)],
)
def test_a_job_whose_next_crash_would_be_its_last_is_a_suspect(
    crashes: int, most: int, is_suspect: bool
) -> None:
    assert a_job(crashes, most).is_suspect is is_suspect


def test_without_suspects_all_run_beside_what_runs() -> None:
    jobs = [a_job(), a_job(2), a_job(1)]

    assert divided(jobs, is_beside=True) == (jobs, [])
    assert divided([], is_beside=False) == ([], [])


def test_the_first_suspect_runs_alone() -> None:
    first, second, other = a_job(3), a_job(3), a_job()

    assert divided([first, other, second], is_beside=False) == ([first], [other, second])


def test_a_suspect_does_not_run_beside_others() -> None:
    suspect, other = a_job(3), a_job()

    assert divided([suspect, other], is_beside=True) == ([other], [suspect])
    assert divided([suspect], is_beside=True) == ([], [suspect])
    assert divided([other, suspect], is_beside=False) == ([other], [suspect])


def test_a_suspect_alone_needs_no_room_made() -> None:
    suspect = a_job(3)

    assert divided([suspect], is_beside=False) == ([suspect], [])
