"""Load on a server of one's own, while workers are killed and the server is restarted.

Run as `python -m tests.faults.endurance --minutes 30 --restarts 3 --store postgresql`. It
prints what was acknowledged, settled, lost and doubled, and how soon jobs began before and
after each restart.
"""

import argparse
import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Final

import attrs

from errands import Errands, EventType
from tests.faults.crew import Crew
from tests.faults.looking import all_jobs, pickups, told, until_done
from tests.faults.massacre import Massacre
from tests.faults.mixed_massacre import MixedMassacre, bulk_verbs_kept_to_theirs
from tests.faults.own_mariadb import OwnMariadb
from tests.faults.own_postgresql import OwnPostgresql
from tests.faults.own_server import OwnServer
from tests.faults.site import examined, site_on_own

KINDS: Final[dict[str, type[OwnServer]]] = {"postgresql": OwnPostgresql, "mariadb": OwnMariadb}
WAYS: Final = ("stop", "crash", "kill")
FROZEN_SECONDS: Final = 5.0
"""How long a server is frozen: longer than the leases of the workers."""
NORMAL: Final = 3.0
"""Times the usual p99 of a second; below it, or below `LEAST`, pickup is as before."""
LEAST: Final = 0.1


@attrs.frozen
class Restart:
    """One restart: how, and when the server began to go and was back, on its own clock."""

    way: str
    began: float
    back: float


@attrs.frozen
class Report:
    """What came of a run; times in seconds."""

    acknowledged: int
    settled: int
    lost: int
    doubled: int
    crashes: int
    kills: int
    deserters: tuple[str, ...]
    """What each process left behind that ended by itself: its name and its last words."""
    findings: tuple[str, ...]
    restarts: tuple[Restart, ...]
    pickups: tuple[tuple[float, float], ...]
    """When each job was added, and how long it waited for its first start."""

    def p99(self, since: float, until: float) -> float:
        """Of the jobs that were added between two moments."""
        return _quantile([wait for at, wait in self.pickups if since <= at < until], 0.99)

    def recovery(self, restart: Restart) -> float:
        """Seconds from the server's return until jobs began as soon as usual, for three seconds.

        In every one of those seconds nine jobs of ten began as soon as the slowest usually do.
        """
        usual = max(LEAST, NORMAL * self.p99(restart.began - 20, restart.began - 1))
        quick = 0
        for second in range(60):
            since = restart.back + second
            waits = [wait for at, wait in self.pickups if since <= at < since + 1]
            quick = quick + 1 if waits and _quantile(waits, 0.9) <= usual else 0
            if quick == 3:
                return second - 2.0
        return 60.0

    def lines(self) -> list[str]:
        """It in words."""
        told_ = [
            f"acknowledged {self.acknowledged}, settled {self.settled}",
            f"lost {self.lost}, doubled {self.doubled}",
            f"workers killed {self.kills}, ended by themselves {len(self.deserters)}",
            *self.deserters,
            f"runs that crashed {self.crashes}",
            f"the doctor's findings: {', '.join(self.findings) or 'none'}",
        ]
        for restart in self.restarts:
            before = self.p99(restart.began - 20, restart.began - 1)
            after = self.p99(restart.back + 5, restart.back + 25)
            told_.append(
                f"{restart.way}: away {restart.back - restart.began:.2f} s, p99 pickup before "
                f"{before * 1_000:.0f} ms, from 5 s after {after * 1_000:.0f} ms, "
                f"as usual within {self.recovery(restart) + 1:.0f} s of its return"
            )
        return told_


def endure(
    store: str, *, seconds: float, restarts: int, kill_every: float = 4.0, is_mixed: bool = False
) -> Report:
    """Run for so long with so many restarts, evenly spread; each in another way.

    Where it is mixed, producers also fork, bulk verbs are at work on other queues, and the
    server is frozen now and then instead of restarted.
    """
    kind = KINDS[store]
    with kind() as server, site_on_own(server) as site, Crew(site.url) as crew:
        with Errands(site.url).sync:
            pass
        massacre = (MixedMassacre if is_mixed else Massacre)(crew, pause=0.05)
        massacre.hire(workers=3, producers=3 if is_mixed else 2)
        ways = islice(cycle((*WAYS, "freeze") if is_mixed else WAYS), restarts)
        done = _rage(server, massacre, seconds, kill_every, list(ways))
        massacre.stop_adding()
        report = asyncio.run(_report(site.url, massacre, done))
        massacre.dismiss()
        return report


def _rage(
    server: OwnServer,
    massacre: Massacre,
    seconds: float,
    kill_every: float,
    ways: Sequence[str],
) -> list[Restart]:
    begun, done = time.monotonic(), list[Restart]()
    due = [(number + 1) * seconds / (len(ways) + 1) for number in range(len(ways))]
    while (now := time.monotonic() - begun) < seconds:
        massacre.note_deserters()
        if due and now >= due[0]:
            due.pop(0)
            massacre.await_all()
            done.append(_restarted(server, ways[len(done)]))
        elif not any(abs(now - moment) < kill_every for moment in due):
            massacre.kill_one(random.choice(massacre.workers))
        time.sleep(random.uniform(0.5, 1.5) * kill_every / 2)
    return done


def _restarted(server: OwnServer, way: str) -> Restart:
    began = time.time()
    if way == "freeze":
        with server.frozen():
            time.sleep(FROZEN_SECONDS)
        return Restart(way, began, time.time())
    getattr(server, way)()
    time.sleep(1)
    server.start()
    return Restart(way, began, time.time())


async def _report(url: str, massacre: Massacre, restarts: Sequence[Restart]) -> Report:
    async with Errands(url) as app:
        if isinstance(massacre, MixedMassacre):
            await bulk_verbs_kept_to_theirs(app, massacre)
        await until_done(app)
        jobs = {job.id: job for job in await all_jobs(app)}
        ends = await told(app, EventType.COMPLETED)
        return Report(
            acknowledged=len(massacre.acknowledged),
            settled=len(ends),
            lost=len(massacre.acknowledged - set(ends)),
            doubled=sum(count > 1 for count in ends.values())
            + sum(job.attempts_made != 1 for job in jobs.values()),
            crashes=sum(job.crashes for job in jobs.values()),
            kills=massacre.kills,
            deserters=tuple(f"{each.name}: {each.errors[-500:]}" for each in massacre.deserters),
            findings=tuple(Counter(finding.rule for finding in examined(app))),
            restarts=tuple(restarts),
            pickups=await pickups(app),
        )


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(len(values) * share)] if values else 0.0


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--restarts", type=int, default=3)
    parser.add_argument("--store", choices=sorted(KINDS), default="postgresql")
    parser.add_argument("--mixed", action="store_true", help="forks, bulk verbs, frozen servers")
    given = parser.parse_args()
    report = endure(
        given.store,
        seconds=given.minutes * 60,
        restarts=given.restarts,
        is_mixed=given.mixed,
    )
    print("\n".join(report.lines()))  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()
