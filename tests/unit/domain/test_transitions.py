"""The table of transitions, against a copy written by hand from the design, and against `Job`."""

from typing import Final

import pytest

from errands.core.domain.errors import IllegalTransition
from errands.core.domain.job.status import TERMINAL, UNSTARTED, JobStatus
from errands.core.domain.job.transitions import TRANSITIONS, Verb, ensure_allowed, ensure_reachable
from tests.unit.domain.builders import fields_of, in_status
from tests.unit.domain.verbs import CALLS

# Verb: where it may start; where it may lead. Plain words on purpose: nothing is computed here.
EXPECTED: Final = {
    "claim": ("waiting", "active"),
    "complete": ("active", "completed failed"),
    "fail": ("active", "waiting delayed failed cancelled"),
    "snooze": ("active", "delayed failed cancelled"),
    "release": ("active", "waiting delayed cancelled"),
    "await_children": ("active", "waiting_children waiting failed cancelled"),
    "put_off": ("active", "delayed cancelled"),
    "expire": ("active", "waiting failed cancelled"),
    "end_cancelled": ("active", "cancelled"),
    "lapse": ("waiting delayed waiting_children", "failed"),
    "promote": ("delayed", "waiting"),
    "child_settled": ("waiting_children", "waiting delayed failed"),
    "cancel": ("waiting delayed waiting_children active", "cancelled active"),
    "retry": ("completed failed cancelled", "waiting"),
    "change_delay": ("delayed", "delayed"),
    "change_priority": (
        "waiting delayed waiting_children",
        "waiting delayed waiting_children",
    ),
    "update_data": ("waiting delayed waiting_children", "waiting delayed waiting_children"),
    "remove": ("waiting delayed waiting_children completed failed cancelled", ""),
}
ALL: Final = [
    "waiting",
    "delayed",
    "waiting_children",
    "active",
    "completed",
    "failed",
    "cancelled",
]

ILLEGAL_BY_DESIGN: Final = [
    (verb, status)
    for verb, (sources, _) in EXPECTED.items()
    for status in ALL
    if status not in sources.split()
]
LEGAL_BY_DESIGN: Final = [
    (verb, status) for verb, (sources, _) in EXPECTED.items() for status in sources.split()
]
ILLEGAL_BY_TABLE: Final = [
    (verb, status)
    for verb, transition in TRANSITIONS.items()
    for status in JobStatus
    if status not in transition.sources
]


def test_the_table_says_what_the_design_says() -> None:
    table = {
        verb.value: (set(transition.sources), set(transition.targets))
        for verb, transition in TRANSITIONS.items()
    }

    assert table == {
        verb: (set(sources.split()), set(targets.split()))
        for verb, (sources, targets) in EXPECTED.items()
    }


def test_the_table_knows_every_verb() -> None:
    assert set(TRANSITIONS) == set(Verb)


def test_every_verb_is_tried_here() -> None:
    assert set(CALLS) == set(Verb)


def test_there_are_seven_statuses() -> None:
    assert [status.value for status in JobStatus] == ALL


@pytest.mark.parametrize(("verb", "status"), ILLEGAL_BY_DESIGN)
def test_a_verb_from_a_wrong_status_is_refused(verb: str, status: str) -> None:
    job = in_status(JobStatus(status))

    with pytest.raises(IllegalTransition) as refusal:
        CALLS[Verb(verb)](job)

    assert (refusal.value.verb, refusal.value.status) == (verb, status)


@pytest.mark.parametrize(("verb", "status"), ILLEGAL_BY_TABLE)
def test_a_refused_verb_changes_nothing(verb: Verb, status: JobStatus) -> None:
    job = in_status(status)
    before = fields_of(job)

    with pytest.raises(IllegalTransition):
        CALLS[verb](job)

    assert fields_of(job) == before


@pytest.mark.parametrize(("verb", "status"), LEGAL_BY_DESIGN)
def test_a_verb_from_a_right_status_leads_where_the_design_says(verb: str, status: str) -> None:
    job = in_status(JobStatus(status))

    CALLS[Verb(verb)](job)

    targets = EXPECTED[verb][1].split()
    assert job.status in (targets or [status])


@pytest.mark.parametrize(("verb", "status"), LEGAL_BY_DESIGN)
def test_every_allowed_verb_tells_what_it_did(verb: str, status: str) -> None:
    job = in_status(JobStatus(status))

    events = CALLS[Verb(verb)](job)

    assert [(event.queue, event.job_id) for event in events] == [("mail", "job-1")] * len(events)
    assert events


def test_only_retry_and_remove_apply_to_what_has_ended() -> None:
    verbs = {verb for verb, rule in TRANSITIONS.items() if rule.sources & TERMINAL}

    assert verbs == {Verb.RETRY, Verb.REMOVE}


def test_a_status_is_terminal_unstarted_or_active() -> None:
    assert TERMINAL | UNSTARTED | {JobStatus.ACTIVE} == set(JobStatus)


@pytest.mark.parametrize(
    ("status", "is_terminal"),
    [
        (JobStatus.WAITING, False),
        (JobStatus.DELAYED, False),
        (JobStatus.WAITING_CHILDREN, False),
        (JobStatus.ACTIVE, False),
        (JobStatus.COMPLETED, True),
        (JobStatus.FAILED, True),
        (JobStatus.CANCELLED, True),
    ],
)
def test_a_status_knows_whether_it_is_terminal(status: JobStatus, is_terminal: bool) -> None:
    assert status.is_terminal is is_terminal


def test_a_source_outside_the_table_is_not_allowed() -> None:
    with pytest.raises(IllegalTransition):
        ensure_allowed(Verb.CLAIM, "job-1", JobStatus.DELAYED)


def test_a_target_outside_the_table_is_not_reachable() -> None:
    with pytest.raises(IllegalTransition, match="claim to completed"):
        ensure_reachable(Verb.CLAIM, "job-1", JobStatus.WAITING, JobStatus.COMPLETED)
