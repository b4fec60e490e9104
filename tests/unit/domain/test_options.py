"""The options of `add`, each with good and bad values."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

import pytest

from errands.core.domain.errors import InvalidOption, UnknownOption
from errands.core.domain.job import defaults
from errands.core.domain.job.options import DEFAULT_OPTIONS, KNOWN, JobOptions
from errands.core.domain.job.retention import Keep
from errands.core.domain.job.retry import Backoff
from tests.unit.domain.builders import HOUR, NOW

NAN: Final = float("nan")
NAIVE: Final = datetime(2026, 1, 1)  # noqa: DTZ001 - what must be refused.
NO_DURATION: Final[list[object]] = [-1, NAN, float("inf"), 10**400, True, "5", timedelta(-1)]
NO_COUNT: Final[list[object]] = [-1, 1.0, NAN, True, False, "3", 2**31]

ON_THE_JOB: Final[list[tuple[str, object, object]]] = [
    ("job_id", "invoice-7", "invoice-7"),
    ("priority", 5, 5),
    ("priority", 0, 0),
    ("priority", "high", 10),
    ("lifo", True, True),
    ("lifo", False, False),
    ("delay", 0, timedelta(0)),
    ("delay", 1.5, timedelta(seconds=1.5)),
    ("delay", HOUR, HOUR),
    ("run_at", NOW, NOW),
    ("expires_in", 5, timedelta(seconds=5)),
]
ON_THE_POLICY: Final[list[tuple[str, object, object]]] = [
    ("timeout", 0.5, timedelta(seconds=0.5)),
    ("deadline", NOW, NOW),
    ("keep_completed", True, Keep()),
    ("keep_completed", 0, Keep(count=0)),
    ("keep_failed", HOUR, Keep(age=HOUR)),
    ("keep_logs", 0, 0),
    ("keep_logs", 2, 2),
    ("max_crashes", 0, 0),
    ("max_starts", 1, 1),
    ("max_payload", 1, 1),
]
ON_THE_RETRY: Final[list[tuple[str, object, object]]] = [
    ("max_attempts", 1, 1),
    ("backoff", 0, Backoff.fixed(0)),
    ("backoff", "linear", Backoff.linear(1)),
    ("jitter", 0, 0.0),
    ("jitter", 1, 1.0),
    ("never", [], frozenset[str]()),
    ("never", [ValueError, "app.Broken"], frozenset({"ValueError", "app.Broken"})),
]
ON_THE_LABELS: Final[list[tuple[str, object, object]]] = [
    ("tags", ["a", "b"], ("a", "b")),
    ("tags", (), ()),
    ("metadata", {"a": [1]}, {"a": [1]}),
    ("metadata", {}, {}),
    ("trace_context", {"traceparent": "00-1"}, {"traceparent": "00-1"}),
]
BAD: Final[dict[str, list[object]]] = {
    "job_id": ["", "x" * 300, 5, True, "a\0"],
    "priority": [NAN, 1.5, 2**31, True, "fast"],
    "lifo": [1, 0, "yes"],
    "delay": NO_DURATION,
    "run_at": [NAIVE, 5, NAN, "2026-01-01"],
    "expires_in": [0, *NO_DURATION],
    "timeout": [0, *NO_DURATION],
    "deadline": [NAIVE, 5, NAN],
    "keep_completed": [-1, NAN, 1.5, "7d", timedelta(-1)],
    "keep_failed": [-1, NAN, 1.5, "7d", timedelta(-1)],
    "keep_logs": NO_COUNT,
    "max_crashes": NO_COUNT,
    "max_starts": [0, *NO_COUNT],
    "max_payload": [0, *NO_COUNT],
    "max_attempts": [0, *NO_COUNT],
    "backoff": [*NO_DURATION[:-2], "", "exponentail", [], timedelta(-1)],
    "jitter": [-0.1, 1.1, NAN, True, "0.5"],
    "never": ["ValueError", ValueError, 5, [5], [""]],
    "tags": ["urgent", 5, [5], [""], {"a": 1}],
    "metadata": [[], "a", 5, {1: 2}],
    "trace_context": [[], {1: "a"}, {"a": 1}],
}


@pytest.mark.parametrize(("name", "value", "expected"), ON_THE_JOB)
def test_an_option_of_the_job_is_kept(name: str, value: object, expected: object) -> None:
    assert getattr(JobOptions.of({name: value}), name) == expected


@pytest.mark.parametrize(("name", "value", "expected"), ON_THE_POLICY)
def test_an_option_of_the_policy_is_kept(name: str, value: object, expected: object) -> None:
    assert getattr(JobOptions.of({name: value}).policy, name) == expected


@pytest.mark.parametrize(("name", "value", "expected"), ON_THE_RETRY)
def test_an_option_of_the_retry_is_kept(name: str, value: object, expected: object) -> None:
    assert getattr(JobOptions.of({name: value}).policy.retry, name) == expected


@pytest.mark.parametrize(("name", "value", "expected"), ON_THE_LABELS)
def test_a_label_is_kept(name: str, value: object, expected: object) -> None:
    assert getattr(JobOptions.of({name: value}).labels, name) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in BAD.items() for value in values],
    ids=lambda value: repr(value)[:30],
)
def test_a_bad_value_is_refused_with_its_field(name: str, value: object) -> None:
    with pytest.raises(InvalidOption) as refusal:
        JobOptions.of({name: value})

    assert refusal.value.field == name


def test_every_option_is_tried_here() -> None:
    good = {name for name, _, _ in ON_THE_JOB + ON_THE_POLICY + ON_THE_RETRY + ON_THE_LABELS}

    assert good == KNOWN
    assert set(BAD) == KNOWN


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_none_means_not_given(name: str) -> None:
    assert JobOptions.of({name: None}) == DEFAULT_OPTIONS


def test_nothing_given_is_the_defaults() -> None:
    assert JobOptions.of({}) is DEFAULT_OPTIONS


@pytest.mark.parametrize("name", ["prioritty", "dedup", "group", "parent", "depends_on", ""])
@pytest.mark.parametrize("value", [5, None])
def test_an_unknown_option_is_refused(name: str, value: object) -> None:
    with pytest.raises(UnknownOption) as refusal:
        JobOptions.of({name: value, "priority": 1})

    assert refusal.value.field == name


def test_delay_and_run_at_exclude_each_other() -> None:
    with pytest.raises(InvalidOption, match="run_at: cannot be given together with delay"):
        JobOptions.of({"delay": 0, "run_at": NOW})


def test_delay_and_no_run_at_go_together() -> None:
    assert JobOptions.of({"delay": 1, "run_at": None}).delay == timedelta(seconds=1)


def test_the_callers_labels_may_change_afterwards() -> None:
    tags, metadata = ["a"], {"k": 1}
    options = JobOptions.of({"tags": tags, "metadata": metadata})

    tags.append("b")
    metadata["k"] = 2

    assert (options.labels.tags, options.labels.metadata) == (("a",), {"k": 1})


def test_a_job_without_own_rules_shares_the_default_policy() -> None:
    assert JobOptions.of({"priority": 1}).policy is DEFAULT_OPTIONS.policy


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("timeout", None),
        ("deadline", None),
        ("keep_completed", Keep(age=timedelta(days=7))),
        ("keep_failed", Keep(age=timedelta(days=30))),
        ("keep_logs", 1_000),
        ("max_crashes", 3),
        ("max_starts", None),
        ("max_payload", 1024 * 1024),
    ],
)
def test_the_defaults_are_those_of_the_design(field: str, value: object) -> None:
    assert getattr(DEFAULT_OPTIONS.policy, field) == value


def test_the_defaults_of_a_job_are_those_of_the_design() -> None:
    options: dict[str, Any] = {"priority": 0, "lifo": False, "delay": None, "run_at": None}

    assert {name: getattr(DEFAULT_OPTIONS, name) for name in options} == options
    assert (DEFAULT_OPTIONS.job_id, DEFAULT_OPTIONS.expires_in) == (None, None)


def test_the_defaults_of_the_worker_are_those_of_the_design() -> None:
    assert timedelta(seconds=30) == defaults.LEASE
    assert timedelta(seconds=10) == defaults.RENEWAL
    assert (timedelta(seconds=1), timedelta(seconds=5)) == (defaults.POLL, defaults.IDLE_POLL)
    assert timedelta(seconds=30) == defaults.GRACE_AT_STOP
    assert timedelta(seconds=5) == defaults.GRACE_AT_CANCEL
    assert defaults.CONCURRENCY == 10


def test_a_job_is_due_after_its_delay() -> None:
    assert JobOptions.of({"delay": 5}).due_at(NOW) == NOW + timedelta(seconds=5)


def test_a_job_is_due_at_its_run_at() -> None:
    assert JobOptions.of({"run_at": NOW + HOUR}).due_at(NOW) == NOW + HOUR


def test_a_deadline_in_another_zone_is_the_same_instant() -> None:
    tokyo = timezone(timedelta(hours=9))
    deadline = JobOptions.of({"deadline": NOW.astimezone(tokyo)}).policy.deadline

    assert deadline == NOW
    assert deadline is not None
    assert deadline.tzinfo is UTC
