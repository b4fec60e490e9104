"""Every verb of a job under its name in the table, with arguments that suit."""

from collections.abc import Callable
from typing import Final

from errands.core.domain.events import Event
from errands.core.domain.job.job import Job
from errands.core.domain.job.moment import Moment
from errands.core.domain.job.transitions import Verb
from tests.unit.domain.builders import NOW, SECOND, Sequences, a_failure, claim

Call = Callable[[Job], tuple[Event, ...]]

CALLS: Final[dict[Verb, Call]] = {
    Verb.CLAIM: lambda job: job.claim(claim(), Moment(NOW)),
    Verb.COMPLETE: lambda job: job.complete("42", Moment(NOW)),
    Verb.FAIL: lambda job: job.fail(a_failure(), Moment(NOW, Sequences())),
    Verb.SNOOZE: lambda job: job.snooze(SECOND, Moment(NOW)),
    Verb.RELEASE: lambda job: job.release(Moment(NOW), by_handler=False),
    Verb.AWAIT_CHILDREN: lambda job: job.await_children(1, Moment(NOW)),
    Verb.PUT_OFF: lambda job: job.put_off(Moment(NOW)),
    Verb.EXPIRE: lambda job: job.expire(Moment(NOW)),
    Verb.END_CANCELLED: lambda job: job.end_cancelled("enough", Moment(NOW)),
    Verb.LAPSE: lambda job: job.lapse(Moment(NOW)),
    Verb.PROMOTE: lambda job: job.promote(Moment(NOW, Sequences())),
    Verb.CHILD_SETTLED: lambda job: job.child_settled(Moment(NOW, Sequences())),
    Verb.CANCEL: lambda job: job.cancel("not wanted", Moment(NOW)),
    Verb.RETRY: lambda job: job.retry(Moment(NOW, Sequences()), reset=True),
    Verb.CHANGE_DELAY: lambda job: job.change_delay(SECOND, Moment(NOW)),
    Verb.CHANGE_PRIORITY: lambda job: job.change_priority(7, Moment(NOW, Sequences()), lifo=False),
    Verb.UPDATE_DATA: lambda job: job.update_data("[]", Moment(NOW)),
    Verb.REMOVE: lambda job: job.remove(Moment(NOW)),
}
