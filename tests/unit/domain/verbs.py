"""Every verb of a job under its name in the table, with arguments that suit."""

from collections.abc import Callable
from typing import Final

from errands.core.domain.events import Event
from errands.core.domain.job.job import Job
from errands.core.domain.job.transitions import Verb
from tests.unit.domain.builders import NOW, SECOND, Sequences, a_failure, claim

Call = Callable[[Job], tuple[Event, ...]]

CALLS: Final[dict[Verb, Call]] = {
    Verb.CLAIM: lambda job: job.claim(claim(), NOW),
    Verb.COMPLETE: lambda job: job.complete("42", NOW),
    Verb.FAIL: lambda job: job.fail(a_failure(), NOW, Sequences()),
    Verb.SNOOZE: lambda job: job.snooze(SECOND, NOW),
    Verb.RELEASE: lambda job: job.release(NOW, by_handler=False),
    Verb.AWAIT_CHILDREN: lambda job: job.await_children(1, NOW),
    Verb.PUT_OFF: lambda job: job.put_off(NOW),
    Verb.EXPIRE: lambda job: job.expire(NOW),
    Verb.END_CANCELLED: lambda job: job.end_cancelled("enough", NOW),
    Verb.LAPSE: lambda job: job.lapse(NOW),
    Verb.PROMOTE: lambda job: job.promote(NOW, Sequences()),
    Verb.CHILD_SETTLED: lambda job: job.child_settled(NOW, Sequences()),
    Verb.CANCEL: lambda job: job.cancel("not wanted", NOW),
    Verb.RETRY: lambda job: job.retry(NOW, Sequences(), reset=True),
    Verb.CHANGE_DELAY: lambda job: job.change_delay(SECOND, NOW),
    Verb.CHANGE_PRIORITY: lambda job: job.change_priority(7, NOW, Sequences(), lifo=False),
    Verb.UPDATE_DATA: lambda job: job.update_data("[]", NOW),
    Verb.REMOVE: lambda job: job.remove(NOW),
}
