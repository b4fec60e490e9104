"""Random values for the agreement machine: options, outcomes, queries, spans of time."""

from datetime import timedelta
from typing import Any, Final

from hypothesis import strategies as st

from errands.core.domain.job.failure import ErrorInfo
from errands.core.domain.job.outcome import Cancel, Complete, Fail, Outcome, PutOff, Release, Snooze
from errands.core.domain.job.retention import Keep
from errands.core.domain.job.retry import Backoff
from errands.core.domain.job.status import JobStatus
from errands.core.ports.job_catalog import JobQuery
from errands.testing import FakeClock
from tests.property.sides import QUEUES

queues = st.sampled_from(QUEUES)
limits = st.tuples(st.integers(0, 3), st.integers(0, 3))
"""How many jobs of each queue a worker claims."""
names = st.sampled_from(["send", "fetch"])
chances = st.sampled_from([0.0, 0.25, 0.999])
spans: Final = st.sampled_from(
    [timedelta(0), *(timedelta(milliseconds=ms) for ms in (1, 100, 1_000, 30_000, 3_600_000))]
)
moments = spans.map(lambda span: FakeClock().now + span)
keeps = st.sampled_from([True, False, 0, 1, 2, timedelta(seconds=30), Keep(1, timedelta(hours=1))])
backoffs = st.sampled_from(
    [
        0,
        0.5,
        "linear",
        "exponential",
        Backoff.custom("by name"),
        Backoff.exponential(1, factor=3, cap=5),
    ]
)
texts = st.sampled_from(["", "plain", "ünï\U0001f4a1", "a'b\"c%_\\", "line\nline"])
json_values = st.sampled_from([None, 0, -1.5, "text", True, [1, "two"], {"a": {"b": None}}])
priorities = st.sampled_from([-(2**31), -1, 0, 0, 1, 2**31 - 1])

options: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "priority": priorities,
        "lifo": st.booleans(),
        "delay": spans,
        "max_attempts": st.integers(1, 3),
        "backoff": backoffs,
        "jitter": st.sampled_from([0, 0.5, 1]),
        "never": st.just(["ValueError"]),
        "timeout": st.just(1.5),
        "expires_in": spans.filter(bool),
        "deadline": moments,
        "keep_completed": keeps,
        "keep_failed": keeps,
        "keep_logs": st.integers(0, 2),
        "max_crashes": st.integers(0, 1),
        "max_starts": st.integers(1, 2),
        "max_payload": st.just(2_000),
        "tags": st.sampled_from([["red"], ["red", "ünï"]]),
        "metadata": st.dictionaries(st.sampled_from(["k", "ü.$"]), json_values, max_size=2),
        "trace_context": st.just({"traceparent": "00-1"}),
    },
)
job_ids = st.sampled_from([None, None, "a", "b", "ünï-\U0001f4a1"])

errors = st.builds(
    ErrorInfo.of, st.sampled_from(["ValueError", "app.Broken"]), texts, st.just("Traceback ...")
)
failures = st.builds(
    Fail,
    errors,
    is_permanent=st.sampled_from([False, False, True]),
    retry_in=st.none() | spans,
    chance=chances,
)
outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(Complete, st.sampled_from(["null", '"ünï"', "[1,2]"])),
    failures,
    st.builds(Snooze, spans),
    st.builds(Release, by_handler=st.booleans()),
    st.builds(Cancel, texts),
    st.just(PutOff()),
)
queries = st.builds(
    JobQuery,
    queue=st.none() | queues,
    statuses=st.frozensets(st.sampled_from(JobStatus), max_size=3),
    name=st.none() | names,
    tag=st.sampled_from([None, None, "red", "ünï"]),
    metadata=st.dictionaries(st.sampled_from(["k", "ü.$"]), json_values, max_size=1),
    error=st.sampled_from([None, None, "Value", "ünï", "%", ": "]),
    newest_first=st.booleans(),
)
statuses = st.sampled_from([*JobStatus])
