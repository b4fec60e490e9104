"""What must hold when all sides are through, whatever the order in which they went on."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from errands.core.domain.events import Event, EventType
from errands.core.domain.job.history import LEADS_TO
from errands.core.domain.job.identity import JobRef
from errands.core.domain.job.status import JobStatus
from tests.property.interleaving.scene import Scene
from tests.property.interleaving.verbs import QUEUE


def check(scene: Scene) -> None:
    """Every rule."""
    nothing_is_removed_but_by_its_own_verb(scene)
    what_verbs_return_is_what_they_did(scene)
    what_was_acknowledged_is_told_once(scene)
    nothing_disappears(scene)
    no_job_has_two_lives(scene)
    every_follower_reads_all_events_once(scene)
    what_is_there_is_in_a_known_queue(scene)
    what_was_obliterated_is_gone(scene)


def nothing_is_removed_but_by_its_own_verb(scene: Scene) -> None:
    for done in scene.done:
        for ref, status in done.account.removed:
            assert status in done.verb.removes, f"{done.verb} removed {ref}, which was {status}"


def what_verbs_return_is_what_they_did(scene: Scene) -> None:
    for done in scene.done:
        if done.verb.counts is not None and not done.refused:
            count = done.verb.counts(done.account)
            assert done.answer == count, f"{done.verb} said {done.answer} and did {count}"


def what_was_acknowledged_is_told_once(scene: Scene) -> None:
    ours = Counter(_fact(event) for account in scene.accounts for event in account.told)
    told = Counter(map(_fact, scene.log))
    assert ours - told == Counter(), "what was acknowledged is not in the log"
    assert told - ours == Counter(), "the log tells of what nobody did"


def _fact(event: Event) -> tuple[EventType, JobRef | str | None]:
    return event.type, event.ref or event.queue


def nothing_disappears(scene: Scene) -> None:
    """Each life that began goes on, or was ended by somebody who says so."""
    born = Counter(event.ref for event in scene.log if event.type is EventType.ADDED)
    removed = Counter(ref for account in scene.accounts for ref, _ in account.removed)
    there = Counter(job.ref for job in scene.jobs)
    assert born == removed + there, f"{born} were added, {removed} removed, {there} are there"


def no_job_has_two_lives(scene: Scene) -> None:
    """What is told of a job, in its order, is a life; a doctor finds nothing either."""
    assert scene.flaws == []
    told: defaultdict[JobRef, list[Event]] = defaultdict(list)
    for event in scene.log:
        if event.ref is not None:
            told[event.ref].append(event)
    for ref, events in told.items():
        _check_removals(ref, events)


def _check_removals(ref: JobRef, events: Sequence[Event]) -> None:
    known: frozenset[JobStatus] | None = None
    for event in events:
        if event.type is EventType.REMOVED and event.data is not None:
            status = JobStatus(event.data["status"])
            assert known is None or status in known, f"{ref} was removed as {status}, was {known}"
        known = LEADS_TO.get(event.type, known)


def every_follower_reads_all_events_once(scene: Scene) -> None:
    wanted = [event.id for event in scene.log if event.id > scene.began]
    for place, follower in enumerate(scene.followers):
        missed = sorted(set(wanted) - set(follower.read))
        assert not missed, f"follower {place} has skipped the events {missed} of {wanted}"
        assert follower.read == wanted, f"follower {place} read {follower.read}, not {wanted}"


def what_is_there_is_in_a_known_queue(scene: Scene) -> None:
    unknown = {job.queue for job in scene.jobs} - set(scene.queues)
    assert not unknown, f"there are jobs in a queue that is unknown: {unknown}"


def what_was_obliterated_is_gone(scene: Scene) -> None:
    """Unless something made it anew: a job, a pause."""
    verbs = {done.verb.name for done in scene.done if not done.refused}
    makes = {"add", "add two", "add again", "pause", "resume"}
    if verbs & {"obliterate", "obliterate by force"} and not verbs & makes:
        assert not scene.jobs, f"{scene.jobs} are there after their queue was obliterated"
        assert QUEUE not in scene.queues, "the queue came back although nobody made it anew"
