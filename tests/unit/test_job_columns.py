"""The functions that every job goes through are written out; they forget no column."""

from typing import Any, Final

import pytest

from errands.core.domain.job.unreadable import UnreadableJob
from errands.infrastructure.persistence.sql.jobs.columns import BY_NAME, CHANGING, LOADED, NEW
from errands.infrastructure.persistence.sql.jobs.damaged_rows import read_job, saved_row
from errands.infrastructure.persistence.sql.jobs.rows import (
    archived_values,
    changing_values,
    job_from_row,
    new_values,
)

POLICY: Final = (
    '{{"max_attempts":{0},"backoff":["exponential",1000,2.0,60000,null],"jitter":0.5,"never":[],'
    '"timeout":{0}000,"deadline":null,"keep_completed":[{0},null],"keep_failed":[null,{0}000],'
    '"keep_logs":{0},"max_crashes":{0},"max_starts":null,"max_payload":{0}}}'
)
SAMPLES: Final[dict[str, tuple[Any, Any]]] = {
    "key": (1, 2),
    "queue": ("mail", "post"),
    "id": ("job-1", "job-2"),
    "name": ("send", "print"),
    "created_at": (1_000, 2_000),
    "policy": (POLICY.format(3), POLICY.format(4)),
    "labels": (
        '{"tags":["a"],"metadata":{},"trace_context":{}}',
        '{"tags":["b"],"metadata":{"c":1},"trace_context":{}}',
    ),
    "status": ("active", "failed"),
    "priority": (3, 4),
    "turn": (5, 6),
    "sequence": (7, 8),
    "attempts_made": (9, 10),
    "starts": (11, 12),
    "crashes": (13, 14),
    "put_offs": (15, 16),
    "releases": (17, 18),
    "token": ("token-1", "token-2"),
    "worker": ("worker-1", "worker-2"),
    "lease_expires_at": (3_000, 4_000),
    "cancel_requested_at": (5_000, 6_000),
    "cancel_reason": ("enough", "too late"),
    "run_at": (7_000, 8_000),
    "lapses_at": (9_000, 10_000),
    "started_at": (11_000, 12_000),
    "finished_at": (13_000, 14_000),
    "purge_at": (15_000, 16_000),
    "failures": ('[["A","a","",1,17000]]', '[["B","b","",2,18000]]'),
    "result": ('"a"', '"b"'),
    "version": (19, 20),
    "progress": ('"c"', '"d"'),
    "state": ('"e"', '"f"'),
    "data": ('"g"', '"h"'),
    "lease_ms": (21_000, 22_000),
}
"""Two values of each column, which a job can have at once with those of the others."""


def row(place: int) -> list[Any]:
    """One of two rows that have nothing in common."""
    return [SAMPLES[name][place] for name in LOADED]


def test_there_are_two_different_values_of_each_column() -> None:
    assert SAMPLES.keys() == BY_NAME.keys()
    assert [name for name, (first, second) in SAMPLES.items() if first == second] == []


@pytest.mark.parametrize("place", [0, 1])
def test_what_is_read_of_a_row_is_what_is_written_there(place: int) -> None:
    job = job_from_row(row(place))

    assert list(archived_values(job)) == row(place)


@pytest.mark.parametrize("place", [0, 1])
def test_a_save_writes_each_changing_column_in_its_place(place: int) -> None:
    job = job_from_row(row(place))

    assert list(changing_values(job)) == [BY_NAME[name].value(job) for name in CHANGING]


@pytest.mark.parametrize("place", [0, 1])
def test_an_insert_writes_each_new_column_in_its_place(place: int) -> None:
    job = job_from_row(row(place))

    assert list(new_values(job)) == [BY_NAME[name].value(job) for name in NEW]


@pytest.mark.parametrize("name", [name for name, column in BY_NAME.items() if column.read])
def test_a_value_that_cannot_be_read_is_put_by_and_stays_as_it_is(name: str) -> None:
    damaged = [b"\0" if each == name else value for each, value in zip(LOADED, row(0), strict=True)]

    job = read_job(damaged)

    assert isinstance(job, UnreadableJob)
    assert dict(job.stored) == {name: b"\0"}
    saved = dict(zip((*CHANGING, "key", "version"), saved_row(job), strict=True))
    assert saved.get(name, b"\0") == b"\0"
