"""The job: one entity, whose verbs are the only way its status ever changes."""

from __future__ import annotations

from typing import assert_never

import attrs

from ..events import Event
from .concerns.adding import Adding
from .concerns.cancelling import Cancelling
from .concerns.crashing import Crashing
from .concerns.editing import Editing
from .concerns.failing import Failing
from .concerns.family import Family
from .concerns.putting_aside import PuttingAside
from .concerns.running import Running
from .concerns.timing import Timing
from .moment import Moment
from .outcome import Cancel, Complete, Fail, Outcome, PutOff, Release, Snooze


@attrs.define(kw_only=True, eq=False)
class Job(
    Adding,
    Running,
    Failing,
    PuttingAside,
    Crashing,
    Cancelling,
    Timing,
    Family,
    Editing,
):
    """One piece of work and its whole life.

    Verbs take the `Moment` at which they are carried out, check the table of `transitions`,
    change the entity and return the events that tell of it; what is illegal raises
    `IllegalTransition` and changes nothing.
    """

    def settle(self, outcome: Outcome, moment: Moment) -> tuple[Event, ...]:
        """End the run with its outcome."""
        match outcome:
            case Complete(result):
                return self.complete(result, moment)
            case Fail():
                return self.fail(outcome, moment)
            case Snooze(delay):
                return self.snooze(delay, moment)
            case Release(by_handler):
                return self.release(moment, by_handler=by_handler)
            case Cancel(reason):
                return self.end_cancelled(reason, moment)
            case PutOff():
                return self.put_off(moment)
            case _:
                assert_never(outcome)
