"""What every store selects, held against the questions of the domain, as tests to inherit."""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from ...core.domain.job.fields import CancelRequest
from ...core.domain.job.job import Job
from ...core.domain.job.lease import Claim, Lease
from ...core.domain.job.options import JobPolicy
from ...core.domain.job.retention import Keep
from ...core.domain.job.status import CLAIMABLE, TERMINAL, JobStatus
from ...core.ports.archive import ArchivedJob
from ...core.ports.lease_repository import Held
from ...core.ports.store import Store
from ...core.ports.unit_of_work import UnitOfWork
from .opened_store import OpenedStore

QUEUES: Final = ("a", "b", "paused")
WORKERS: Final = ("w1", "w2")
TOKENS: Final = ("t1", "t2", "t3")
LENGTHS: Final = (timedelta(seconds=10), timedelta(seconds=30), timedelta(minutes=5))
JOBS: Final = 150
ALL: Final = 10 * JOBS
ROUNDS: Final = 3


class SelectionContract(OpenedStore):
    """Random jobs, and what a query finds among them; a part of `StoreContract`.

    Times lie within seconds of now, many of them on it, so that each bound is met.
    """

    def test_what_is_due_is_selected(self) -> None:
        for store, jobs, now in self._drawn():
            found = store.calendar.due(now, ALL)

            due = [job for job in jobs if job.is_due(now)]
            assert _keys(found) == _keys(due, lambda job: (job.due_at, job.sequence))

    def test_what_has_lapsed_is_selected(self) -> None:
        for store, jobs, now in self._drawn():
            found = store.calendar.lapsed(now, ALL)

            lapsed = [job for job in jobs if job.has_lapsed(now)]
            assert _keys(found) == _keys(lapsed, lambda job: (job.lapsing_at, job.key))

    def test_what_is_purgeable_is_selected(self) -> None:
        for store, jobs, now in self._drawn():
            found = store.calendar.purgeable(now, ALL)

            purgeable = [job for job in jobs if job.is_purgeable(now)]
            assert _keys(found) == _keys(purgeable, lambda job: (job.purge_at, job.key))

    def test_leases_that_have_run_out_are_selected(self) -> None:
        for store, jobs, now in self._drawn():
            for longest in (None, *LENGTHS):
                found = store.calendar.expired(now, ALL, longest)

                expired = [job for job in jobs if job.has_expired(now, longest)]
                assert _keys(found) == _keys(expired, _end_of_lease)

    def test_leases_that_no_renewal_can_have_made_are_selected(self) -> None:
        for store, jobs, now in self._drawn():
            for longest in LENGTHS:
                found = store.calendar.beyond(now, ALL, longest)

                beyond = [job for job in jobs if job.is_leased_beyond(now, longest)]
                assert _keys(found) == _keys(beyond, _end_of_lease)[::-1]

    def test_the_agenda_begins_with_what_comes_first(self) -> None:
        for store, jobs, now in self._drawn():
            for after in (None, now, now + timedelta(seconds=3)):
                agenda = store.calendar.agenda(after)

                assert agenda.due == _least((job.due_at for job in jobs), after)
                assert agenda.lapse == _least((job.lapsing_at for job in jobs), after)
                assert agenda.purge == _least((job.purge_at for job in jobs), after)
                leased = sorted((job for job in jobs if job.lease), key=_end_of_lease)
                terms = [job.lease.term for job in leased if job.lease]
                assert (agenda.first_lease, agenda.last_lease) == (terms[0], terms[-1])

    def test_what_a_queue_keeps_too_many_of_is_selected(self) -> None:
        for store, jobs, _ in self._drawn():
            for queue in QUEUES:
                for status in JobStatus:
                    found = store.calendar.surplus(queue, status, ALL)

                    ended = [job for job in jobs if job.queue == queue and job.status is status]
                    ended.sort(key=lambda job: (job.ended_at, job.key), reverse=True)
                    keep = ended[0].keep.count if ended and status in TERMINAL else None
                    surplus = [] if keep is None else ended[keep:][::-1]
                    assert [job.key for job in found] == [job.key for job in surplus]

    def test_runs_that_were_asked_to_end_are_selected(self) -> None:
        for store, jobs, _ in self._drawn():
            for worker in WORKERS:
                found = store.leases.flagged(worker)

                flagged = [job for job in jobs if job.is_flagged_for(worker)]
                assert found == {Held(job.key, job.token or "") for job in flagged}

    def test_runs_under_tokens_are_selected(self) -> None:
        for store, jobs, _ in self._drawn():
            for worker in WORKERS:
                found = store.leases.claimed_under(worker, TOKENS[:2])

                held = [job for job in jobs if job.is_held_by(worker, TOKENS[:2])]
                assert _positions(found) == sorted(_positions(held))

    def test_queues_that_have_work_are_selected(self) -> None:
        for store, jobs, now in self._drawn():
            found = store.catalog.claimable([*QUEUES, "none"], 9)

            ready = {job.queue for job in jobs if job.is_claimable(now)} - {"paused"}
            assert found == sorted(ready)

    def test_a_claim_takes_what_is_claimable_in_its_order(self) -> None:
        for store, jobs, now in self._drawn():
            for queue in ("a", "b"):
                ready = sorted(
                    (job for job in jobs if job.queue == queue and job.is_claimable(now)),
                    key=lambda job: job.claim_position,
                )
                for limit in (1, 7, ALL):
                    part, ready = ready[:limit], ready[limit:]
                    claim = Claim(queue, limit, "w3", "t9", LENGTHS[0])

                    found = store.leases.claim(claim)

                    assert [job.key for job in found] == [job.key for job in part]
            claim = Claim("paused", ALL, "w3", "t9", LENGTHS[0])
            assert store.leases.claim(claim) == []

    def _drawn(self) -> Generator[tuple[_Alone, Sequence[Job], datetime]]:
        with self.opened() as store:
            for seed in range(ROUNDS):
                drawn = _Drawn(random.Random(seed), self.clock.now)  # noqa: S311 - sample data
                jobs = [drawn.job(number) for number in range(1, JOBS + 1)]
                store.transact_sync(partial(_fill, jobs=jobs))
                yield _Alone(store), jobs, self.clock.now


class _Alone:
    """Makes each call of a repository, as in `alone.calendar.due(...)`, in a unit of its own."""

    def __init__(self, store: Store, port: str = "") -> None:
        self._store = store
        self._port = port

    def __getattr__(self, name: str) -> Any:
        return partial(self._call, name) if self._port else _Alone(self._store, name)

    def _call(self, verb: str, *arguments: Any) -> Any:
        def call(uow: UnitOfWork) -> Any:
            return getattr(getattr(uow, self._port), verb)(*arguments)

        return self._store.transact_sync(call)


def _fill(uow: UnitOfWork, jobs: Sequence[Job]) -> None:
    uow.archive.clear()
    uow.archive.insert_jobs([ArchivedJob(job.copy()) for job in jobs])
    uow.queues.register(QUEUES)
    paused = uow.queues.get("paused")
    paused.pause(uow.now)
    uow.queues.save(paused)


class _Drawn:
    """Draws jobs as a store may hold them."""

    def __init__(self, chance: random.Random, now: datetime) -> None:
        self._chance = chance
        self._now = now

    def job(self, key: int) -> Job:
        """A job of any status whose fields go together."""
        chance, status = self._chance, self._chance.choice([*JobStatus, CLAIMABLE, CLAIMABLE])
        is_active, has_ended = status is JobStatus.ACTIVE, status in TERMINAL
        token = chance.choice(TOKENS) if is_active else None
        keep = Keep(chance.choice([None, 0, 1, 3]), timedelta(days=1))
        created = self._now - timedelta(minutes=5)
        return Job(
            queue=chance.choice(QUEUES),
            id=f"job-{key}",
            name="x",
            data="null",
            created_at=created,
            key=key,
            sequence=chance.choice([-1, 1]) * key,
            status=status,
            priority=chance.choice([-1, 0, 0, 3]),
            turn=chance.choice([0, 0, 1]),
            policy=JobPolicy(keep_completed=keep, keep_failed=keep),
            token=token,
            lease=None if token is None else self._lease(token),
            cancel_request=self._maybe(CancelRequest(self._now, "no")) if is_active else None,
            run_at=self._moment() if status is JobStatus.DELAYED else None,
            lapses_at=None if has_ended else self._maybe(self._moment()),
            started_at=created if is_active else None,
            finished_at=self._moment() if has_ended else None,
            purge_at=self._maybe(self._moment()) if has_ended else None,
            result="1" if status is JobStatus.COMPLETED else None,
        )

    def _lease(self, token: str) -> Lease:
        length = self._chance.choice(LENGTHS)
        later = self._chance.choice([timedelta(0), length + timedelta(seconds=5)])
        return Lease(token, self._chance.choice(WORKERS), self._moment() + later, length)

    def _moment(self) -> datetime:
        return self._now + timedelta(milliseconds=self._chance.choice([-2_000, -1, 0, 1, 4_000]))

    def _maybe(self, value: Any) -> Any:
        return self._chance.choice([None, value])


def _least(moments: Any, after: datetime | None) -> datetime | None:
    later = (at for at in moments if at is not None and (after is None or at > after))
    return min(later, default=None)


def _end_of_lease(job: Job) -> Any:
    return (job.lease.expires_at if job.lease else None, job.key)


def _positions(jobs: Sequence[Job]) -> list[Any]:
    return [job.claim_position for job in jobs]


def _keys(jobs: Sequence[Job], order: Callable[[Job], Any] | None = None) -> list[int]:
    return [job.key for job in (jobs if order is None else sorted(jobs, key=order))]
