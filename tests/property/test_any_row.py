"""Whatever stands in a row, reading it gives a job, and saving that job loses nothing."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from errands.core.domain.job.identity import JobRef
from errands.core.domain.job.job import Job
from errands.core.domain.job.moment import Moment
from errands.core.domain.job.options import JobOptions
from errands.core.domain.job.unreadable import UnreadableJob
from errands.infrastructure.persistence.sql.jobs.columns import CHANGING, LOADED
from errands.infrastructure.persistence.sql.jobs.damaged_rows import read_job, saved_row
from errands.infrastructure.persistence.sql.jobs.rows import archived_values

NAMED: Final = ("key", "queue", "id")
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
values = (
    st.text()
    | st.binary()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | json.map(lambda value: msgspec.json.encode(value).decode())
    | st.just("[" * 100_000)
)


def sound_row() -> dict[str, Any]:
    job, _ = Job.add(
        ref=JobRef("mail", "job-1"),
        name="send",
        data="{}",
        options=JobOptions.of({"tags": ["a"], "max_attempts": 5}),
        moment=Moment(datetime(2026, 3, 1, tzinfo=UTC)),
    )
    job.number(1)
    return dict(zip(LOADED, archived_values(job), strict=True))


@given(st.dictionaries(st.sampled_from(sorted(set(LOADED) - set(NAMED))), values, max_size=4))
def test_any_row_is_a_job_and_keeps_what_nobody_can_read(damage: dict[str, Any]) -> None:
    row: dict[str, Any] = {**sound_row(), **damage}

    job = read_job([row[name] for name in LOADED])
    saved: dict[str, Any] = dict(zip((*CHANGING, "key", "version"), saved_row(job), strict=True))

    assert job.ref == JobRef("mail", "job-1")
    if isinstance(job, UnreadableJob):
        assert job.stored.keys() <= damage.keys()
        for column in job.stored.keys() & saved.keys():
            assert saved[column] is row[column]
