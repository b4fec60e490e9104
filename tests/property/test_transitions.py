"""Whatever is done to a job in whatever order, its life stays inside the table."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,  # pyright: ignore[reportUnknownVariableType] - not annotated
)

from errands.core.domain.errors import IllegalTransition
from errands.core.domain.events import Event, EventType
from errands.core.domain.job import defaults
from errands.core.domain.job.failure import ErrorInfo
from errands.core.domain.job.identity import JobRef
from errands.core.domain.job.job import Job
from errands.core.domain.job.lease import Claim
from errands.core.domain.job.moment import Moment
from errands.core.domain.job.options import JobOptions
from errands.core.domain.job.outcome import Fail
from errands.core.domain.job.status import TERMINAL, UNSTARTED, JobStatus
from errands.core.domain.job.transitions import TRANSITIONS, Verb
from tests.unit.domain.builders import NOW, Sequences, fields_of

MILLISECOND: Final = timedelta(milliseconds=1)
waits: Final = st.integers(0, 120_000).map(lambda count: count * MILLISECOND)
maybe: Final = st.booleans()

ANNOUNCED_BY: Final = {
    JobStatus.WAITING: EventType.WAITING,
    JobStatus.DELAYED: EventType.DELAYED,
    JobStatus.WAITING_CHILDREN: EventType.AWAITING_CHILDREN,
    JobStatus.ACTIVE: EventType.ACTIVE,
    JobStatus.COMPLETED: EventType.COMPLETED,
    JobStatus.FAILED: EventType.EXHAUSTED,
    JobStatus.CANCELLED: EventType.CANCELLED,
}
COUNTERS: Final = ("attempts_made", "starts", "crashes", "put_offs", "releases")


def options() -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "delay": waits,
            "lifo": maybe,
            "expires_in": st.integers(1, 600),
            "deadline": waits.map(lambda wait: NOW + 2 * wait),
            "max_attempts": st.integers(1, 4),
            "backoff": st.sampled_from([0, 1, "linear", "exponential"]),
            "jitter": st.floats(0, 1),
            "max_crashes": st.integers(0, 2),
            "max_starts": st.integers(1, 4),
        },
    )


class JobLife(RuleBasedStateMachine):
    """One job under random verbs, beside counters kept apart from it."""

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = NOW
        self.draw = Sequences()
        self.claims = 0
        self.expected: dict[str, int] = {}

    @initialize(given=options())
    def add(self, given: dict[str, object]) -> None:
        self.job, events = Job.add(
            ref=JobRef("mail", "job-1"),
            name="send",
            data="{}",
            options=JobOptions.of(given),
            moment=Moment(self.now),
        )
        self.job.number(1)
        self.expected = {"attempts_made": 0, "starts": 0, "crashes": 0}
        assert events[0].type is EventType.ADDED

    def do(self, verb: Verb, call: Callable[[], tuple[Event, ...]]) -> bool:
        """Try a verb; whether it was allowed. Everything that holds for all verbs is here."""
        before = fields_of(self.job)
        source: JobStatus = before["status"]
        is_allowed = source in TRANSITIONS[verb].sources
        try:
            events = call()
        except IllegalTransition:
            assert not is_allowed
            assert fields_of(self.job) == before
            return False
        assert is_allowed
        if verb is not Verb.REMOVE:
            assert self.job.status in TRANSITIONS[verb].targets
        self.check_told(source, events)
        if source is JobStatus.CANCELLED and verb is not Verb.REMOVE:
            assert verb is Verb.RETRY
        return True

    def check_told(self, source: JobStatus, events: tuple[Event, ...]) -> None:
        told = [event.type for event in events]
        if self.job.status is not source:
            assert told[-1] is ANNOUNCED_BY[self.job.status]
        assert all(event.at == self.now for event in events)
        assert {(event.queue, event.job_id) for event in events} <= {("mail", "job-1")}

    @rule(wait=waits)
    def let_time_pass(self, wait: timedelta) -> None:
        self.now += wait

    @rule()
    def claim(self) -> None:
        self.claims += 1
        wish = Claim("mail", 1, "worker-1", f"token-{self.claims}", timedelta(seconds=30))
        if self.do(Verb.CLAIM, lambda: self.job.claim(wish, Moment(self.now))):
            self.expected["starts"] += 1

    @rule(pending=st.sampled_from([0, 0, 0, 2]))
    def complete(self, pending: int) -> None:
        if self.do(Verb.COMPLETE, lambda: self.job.complete("1", Moment(self.now), pending)):
            self.expected["attempts_made"] += 1

    @rule(
        is_permanent=maybe,
        retry_in=st.one_of(st.none(), waits),
        chance=st.floats(0, 1, exclude_max=True),
    )
    def fail(self, is_permanent: bool, retry_in: timedelta | None, chance: float) -> None:
        failure = Fail(ErrorInfo.of("ValueError", "boom"), is_permanent, retry_in, chance)
        if self.do(Verb.FAIL, lambda: self.job.fail(failure, Moment(self.now, self.draw))):
            self.expected["attempts_made"] += 1

    @rule(wait=waits)
    def snooze(self, wait: timedelta) -> None:
        self.do(Verb.SNOOZE, lambda: self.job.snooze(wait, Moment(self.now)))

    @rule(by_handler=maybe)
    def release(self, by_handler: bool) -> None:
        sequence = self.job.sequence
        if self.do(Verb.RELEASE, lambda: self.job.release(Moment(self.now), by_handler=by_handler)):
            assert self.job.sequence == sequence
            self.take_start_back()

    @rule()
    def put_off(self) -> None:
        if self.do(Verb.PUT_OFF, lambda: self.job.put_off(Moment(self.now))):
            self.take_start_back()

    def take_start_back(self) -> None:
        if self.job.status is not JobStatus.CANCELLED:
            self.expected["starts"] -= 1

    @rule(pending=st.integers(0, 2))
    def await_children(self, pending: int) -> None:
        self.do(Verb.AWAIT_CHILDREN, lambda: self.job.await_children(pending, Moment(self.now)))

    @rule(child=st.sampled_from([None, None, "mail/child-1"]))
    def child_settled(self, child: str | None) -> None:
        self.do(
            Verb.CHILD_SETTLED,
            lambda: self.job.child_settled(Moment(self.now, self.draw), failed_child=child),
        )

    @rule()
    def expire(self) -> None:
        sequence = self.job.sequence
        if self.do(Verb.EXPIRE, lambda: self.job.expire(Moment(self.now))):
            assert self.job.sequence == sequence
            self.expected["crashes"] += 1

    @rule()
    def end_cancelled(self) -> None:
        self.do(Verb.END_CANCELLED, lambda: self.job.end_cancelled("enough", Moment(self.now)))

    @rule()
    def lapse(self) -> None:
        self.do(Verb.LAPSE, lambda: self.job.lapse(Moment(self.now)))

    @rule()
    def promote(self) -> None:
        is_released, sequence = self.job.releases > 0, self.job.sequence
        if self.do(Verb.PROMOTE, lambda: self.job.promote(Moment(self.now, self.draw))):
            assert (self.job.sequence == sequence) is is_released

    @rule()
    def cancel(self) -> None:
        self.do(Verb.CANCEL, lambda: self.job.cancel("not wanted", Moment(self.now)))

    @rule(reset=maybe)
    def retry(self, reset: bool) -> None:
        if not self.do(
            Verb.RETRY, lambda: self.job.retry(Moment(self.now, self.draw), reset=reset)
        ):
            return
        assert self.job.sequence == self.draw.last
        if reset:
            self.expected |= {"attempts_made": 0, "starts": 0}

    @rule(wait=waits)
    def change_delay(self, wait: timedelta) -> None:
        self.do(Verb.CHANGE_DELAY, lambda: self.job.change_delay(wait, Moment(self.now)))

    @rule(priority=st.integers(-5, 5), lifo=maybe)
    def change_priority(self, priority: int, lifo: bool) -> None:
        status = self.job.status
        if self.do(
            Verb.CHANGE_PRIORITY,
            lambda: self.job.change_priority(priority, Moment(self.now, self.draw), lifo=lifo),
        ):
            assert self.job.status is status

    @rule()
    def update_data(self) -> None:
        status = self.job.status
        if self.do(Verb.UPDATE_DATA, lambda: self.job.update_data("[]", Moment(self.now))):
            assert self.job.status is status

    @rule()
    def remove(self) -> None:
        before = fields_of(self.job)
        self.do(Verb.REMOVE, lambda: self.job.remove(Moment(self.now)))
        assert fields_of(self.job) == before

    @invariant()
    def the_counters_are_those_of_the_verbs(self) -> None:
        assert {name: getattr(self.job, name) for name in self.expected} == self.expected
        assert all(getattr(self.job, name) >= 0 for name in COUNTERS)

    @invariant()
    def exactly_the_active_job_has_a_lease(self) -> None:
        assert (self.job.lease is not None) is (self.job.status is JobStatus.ACTIVE)

    @invariant()
    def exactly_the_delayed_job_is_due(self) -> None:
        assert (self.job.run_at is not None) is (self.job.status is JobStatus.DELAYED)

    @invariant()
    def exactly_what_has_ended_has_an_end(self) -> None:
        has_ended = self.job.status in TERMINAL
        assert (self.job.finished_at is not None) is has_ended
        assert (self.job.purge_at is not None) is has_ended

    @invariant()
    def only_the_completed_job_has_a_result(self) -> None:
        assert (self.job.result is not None) is (self.job.status is JobStatus.COMPLETED)

    @invariant()
    def a_job_that_does_not_run_is_never_flagged(self) -> None:
        if self.job.status in UNSTARTED | {JobStatus.FAILED}:
            assert self.job.status is JobStatus.FAILED or self.job.cancel_request is None

    @invariant()
    def a_job_that_has_ended_does_not_lapse(self) -> None:
        if self.job.status in TERMINAL:
            assert self.job.lapses_at is None
        elif self.job.policy.deadline is not None:
            assert self.job.lapses_at is not None
            assert self.job.lapses_at <= self.job.policy.deadline

    @invariant()
    def the_failures_are_bounded_and_in_order(self) -> None:
        moments = [failure.at for failure in self.job.failures]
        assert moments == sorted(moments)
        assert len(moments) <= defaults.MAX_FAILURES

    @invariant()
    def every_time_is_whole_milliseconds(self) -> None:
        moments = [value for value in fields_of(self.job).values() if isinstance(value, datetime)]
        assert all(moment.microsecond % 1000 == 0 for moment in moments)


def test_a_job_lives_by_the_table_of_transitions() -> None:
    run_state_machine_as_test(JobLife)
