"""The massacre with forks and bulk verbs in the mix."""

import asyncio
import time
from collections import defaultdict
from itertools import pairwise
from typing import Final

from errands import Errands, EventType, JobStatus
from tests.faults.crew import Crew, Member
from tests.faults.looking import all_jobs, until_done
from tests.faults.massacre import Massacre, is_sound
from tests.faults.mixed_programs import CHURN, DRAINED

TURNS: Final = tuple(map(EventType, ("added", "retried", "exhausted", "completed", "removed")))
"""The events that decide what may be done to a job next."""
ENDS: Final = (EventType.COMPLETED, EventType.EXHAUSTED)
MAY_GO: Final = {CHURN: ("exhausted",), DRAINED: ("added", "retried")}
"""After which of them a job of these queues may be removed by what removes there."""


class MixedMassacre(Massacre):
    """Workers on three queues; who adds also forks, or retries, cleans and drains."""

    def __init__(self, crew: Crew, *, lease: float = 1.0, pause: float = 0.01) -> None:
        super().__init__(crew, lease=lease, pause=pause)
        self.kept: set[str] = set()
        """What was added to the queues of bulk verbs, as queue/id."""
        self.retried: set[str] = set()
        """What was failed and surely waits again."""

    def hire(self, workers: int = 4, producers: int = 4) -> None:
        """Let so many begin, of each kind of producer in turn."""
        kinds = ("add_and_fork", "administer", "add")
        self._staff += [self._hired("work_on_all") for _ in range(workers)]
        self._staff += [self._hired(kinds[number % len(kinds)]) for number in range(producers)]

    def _note(self, member: Member, line: str) -> None:
        if member.name != "administer":
            super()._note(member, line)
            return
        words = line.split()
        for verb, job in zip(words[::2], words[1::2], strict=True):
            (self.kept if verb == "added" else self.retried).add(job)


async def mixed_race(url: str, crew: Crew, *, seconds: float, least: int) -> str:
    """Eight processes, a kill every few tenths of a second; what came of it in words."""
    massacre = MixedMassacre(crew)
    massacre.hire()
    await asyncio.to_thread(massacre.kill_for, seconds, least=least)
    massacre.stop_adding()
    started = time.monotonic()
    async with Errands(url) as app:
        removed = await bulk_verbs_kept_to_theirs(app, massacre)
        settled = await is_sound(app, massacre.acknowledged)
    massacre.dismiss()
    assert massacre.deserters == []
    return (
        f"{massacre.kills} kills, {len(massacre.acknowledged)} acknowledged, {settled} settled; "
        f"{len(massacre.kept)} on the queues of bulk verbs, {len(massacre.retried)} retried, "
        f"{removed} removed; at rest after {time.monotonic() - started:.1f} s"
    )


async def bulk_verbs_kept_to_theirs(app: Errands, massacre: MixedMassacre) -> int:
    """Every job is there unless its own verb removed it, in a state in which it may.

    How many were removed.
    """
    removed: set[str] = set()
    for name, may_go in MAY_GO.items():
        await until_done(app, name)
        there = {f"{name}/{job.id}": job for job in await all_jobs(app, name)}
        gone: set[str] = set()
        for job, turns in (await _turns(app, name)).items():
            assert not any(_is_second_life(*pair) for pair in pairwise(turns)), (job, turns)
            if turns[-1] is EventType.REMOVED:
                assert turns[-2] in may_go, (job, turns)
                gone.add(job)
        kept = {job for job in massacre.kept if job.startswith(f"{name}/")}
        assert kept <= there.keys() | gone
        assert not there.keys() & gone
        retried = {job for job in massacre.retried if job.startswith(f"{name}/")}
        assert all(there[job].status is JobStatus.COMPLETED for job in retried)
        removed |= gone
    return len(removed)


def _is_second_life(turn: EventType, following: EventType) -> bool:
    """Whether a job that had ended ended once more, and nobody had retried it."""
    return turn in ENDS and following in ENDS


async def _turns(app: Errands, name: str) -> dict[str, list[EventType]]:
    """What decided over each job of a queue, in order."""
    found: defaultdict[str, list[EventType]] = defaultdict(list)
    async for event in app.queue(name).events(after=0, types=TURNS, follow=False):
        found[f"{name}/{event.job_id}"].append(event.type)
    return found
