"""Workers and producers of which one after another is killed and replaced."""

import asyncio
import random
import time
from typing import Final

from errands import Errands, EventType, JobStatus
from tests.faults.crew import Crew, Member
from tests.faults.hosts import Host
from tests.faults.looking import all_jobs, told, until_done
from tests.faults.site import examined

WORKERS: Final = 5
PRODUCERS: Final = 3
WORK: Final = ("work", "work_on_all")
"""The programs that run jobs; the others acknowledge what they have added."""


class Massacre:
    """Eight processes on one database; `acknowledged` is what any of them said was added."""

    def __init__(self, crew: Crew, *, lease: float = 1.0, pause: float = 0.01) -> None:
        self._crew = crew
        self._lease = lease
        self._pause = pause
        self._staff: list[Member] = []
        self._ready: set[Member] = set()
        self.acknowledged: set[str] = set()
        self.kills = 0
        self.deserters: list[Member] = []
        """Those who ended without having been killed."""

    def hire(self, workers: int = WORKERS, producers: int = PRODUCERS) -> None:
        """Let so many begin."""
        self._staff += [self._hired("work") for _ in range(workers)]
        self._staff += [self._hired("add") for _ in range(producers)]

    def kill_for(self, seconds: float, *, least: int = 1, pause: float = 0.2) -> None:
        """Kill for so long, and so many at least."""
        end, least = time.monotonic() + seconds, self.kills + least
        while time.monotonic() < end or self.kills < least:
            self.kill_one(random.choice(self._staff))
            time.sleep(random.uniform(0, pause))

    def kill_one(self, victim: Member) -> None:
        """Kill one, not before it has begun, and hire another in its place."""
        self._await_ready(victim)
        time.sleep(random.uniform(0, 0.1))
        self._kill(victim)
        self._staff.append(self._hired(victim.name, victim.on))
        self.kills += 1

    @property
    def workers(self) -> list[Member]:
        """The workers of the moment."""
        return [member for member in self._staff if member.name in WORK]

    def note_deserters(self) -> None:
        """Replace those who ended by themselves; nobody should have."""
        for member in [each for each in self._staff if not each.is_alive]:
            self.deserters.append(member)
            self._take_notes(member)
            self._staff.remove(member)
            self._staff.append(self._hired(member.name, member.on))

    def await_all(self) -> None:
        """Wait until everybody has begun: who finds no server when he starts is not needed."""
        for member in self._staff:
            self._await_ready(member)

    def stop_adding(self) -> None:
        """Kill all producers, none before it has added something."""
        self.note_deserters()
        for member in [each for each in self._staff if each not in self.workers]:
            self._await_ready(member)
            self._note(member, member.line())
            self._kill(member)

    def dismiss(self) -> None:
        """Let the workers that are left go home."""
        self.note_deserters()
        for member in self._staff:
            member.tell()
        for member in self._staff:
            member.succeed()

    def _hired(self, name: str, on: Host | None = None) -> Member:
        if name in WORK:
            return self._crew.start(name, self._lease, on=on)
        return self._crew.start(name, f"{random.randrange(10**9)}", self._pause, on=on)

    def _await_ready(self, member: Member) -> None:
        if member not in self._ready:
            member.expect("ready", timeout=60)
            self._ready.add(member)

    def _kill(self, victim: Member) -> None:
        victim.kill()
        self._staff.remove(victim)
        self._take_notes(victim)

    def _take_notes(self, member: Member) -> None:
        if member.name not in WORK:
            for line in member.lines_so_far():
                if line != "ready":
                    self._note(member, line)

    def _note(self, member: Member, line: str) -> None:
        """Take down what a member that adds has acknowledged."""
        del member
        self.acknowledged.update(line.split())


async def race(url: str, crew: Crew, *, seconds: float, least: int) -> str:
    """Eight processes, a kill every few tenths of a second; what came of it in words."""
    massacre = Massacre(crew)
    massacre.hire()
    await asyncio.to_thread(massacre.kill_for, seconds, least=least)
    massacre.stop_adding()
    started = time.monotonic()
    async with Errands(url) as app:
        settled = await is_sound(app, massacre.acknowledged)
    massacre.dismiss()
    assert massacre.deserters == []
    return (
        f"{massacre.kills} kills, {len(massacre.acknowledged)} acknowledged, "
        f"{settled} settled, the last {time.monotonic() - started:.1f} s after the last add"
    )


async def is_sound(app: Errands, acknowledged: set[str]) -> int:
    """Nothing is lost, stuck or doubled: by the rows, by the event log, and by the doctor.

    How many jobs there are.
    """
    await until_done(app)
    jobs = await all_jobs(app)
    assert acknowledged <= {job.id for job in jobs}
    assert {job.status for job in jobs} == {JobStatus.COMPLETED}
    assert all(job.starts == job.crashes + 1 and job.attempts_made == 1 for job in jobs)
    assert await told(app, EventType.COMPLETED) == {job.id: 1 for job in jobs}
    assert await told(app, EventType.ACTIVE) == {job.id: job.starts for job in jobs}
    assert await told(app, EventType.STALLED) == {
        job.id: job.crashes for job in jobs if job.crashes
    }
    assert examined(app) == []
    return len(jobs)
