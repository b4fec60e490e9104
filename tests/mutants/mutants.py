"""The faults: at least one for each rule that a store, a verb or a use case could get wrong."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

STORES: Final = ("tests/contract/test_stores.py", "-k", "Memory or Sqlite")
MEMORY: Final = ("tests/contract/test_stores.py", "-k", "TestMemoryStore")
SQLITE: Final = ("tests/contract/test_stores.py", "-k", "TestSqliteStore")
DOMAIN: Final = ("tests/unit/domain",)
ON_MEMORY: Final = ("-k", "memory")

MUTANTS: Final = (
    Mutant(
        "a save in SQL asks for no version",
        'jobs.c.key == bindparam("of_key"), jobs.c.version == bindparam("of_version")',
        'jobs.c.key == bindparam("of_key"), bindparam("of_version") == bindparam("of_version")',
        SQLITE,
    ),
    Mutant(
        "a save in memory asks for no version",
        "if stored is None or stored.version != job.version:",
        "if stored is None:",
        MEMORY,
    ),
    Mutant(
        "a job is due only after its time",
        "return self.due_at is not None and self.due_at <= now",
        "return self.due_at is not None and self.due_at < now",
        STORES,
    ),
    Mutant(
        "SQL finds what is due only after its time",
        'where(*conditions, at <= bindparam("now"))',
        'where(*conditions, at < bindparam("now"))',
        SQLITE,
    ),
    Mutant(
        "a job lapses only after its time",
        "return self.lapsing_at is not None and self.lapsing_at <= now",
        "return self.lapsing_at is not None and self.lapsing_at < now",
        STORES,
    ),
    Mutant(
        "a lease runs out only after its end",
        "return self.expires_at <= now",
        "return self.expires_at < now",
        STORES,
    ),
    Mutant(
        "leases of just this length are left alone",
        "and (longest is None or self.lease.length <= longest)",
        "and (longest is None or self.lease.length < longest)",
        STORES,
    ),
    Mutant(
        "the least urgent comes first",
        "return (-self.priority, self.turn, self.sequence)",
        "return (self.priority, self.turn, self.sequence)",
        STORES,
    ),
    Mutant(
        "SQL claims the newest of equals first",
        "return (job.priority.desc(), job.turn, job.sequence)",
        "return (job.priority.desc(), job.turn, job.sequence.desc())",
        SQLITE,
    ),
    Mutant(
        "what has lapsed is claimed",
        "return self.status is CLAIMABLE and not self.has_lapsed(now)",
        "return self.status is CLAIMABLE",
        STORES,
    ),
    Mutant(
        "a paused queue in memory gives out jobs",
        "if queue is not None and queue.is_paused:\n            return []",
        "if queue is None and claim is None:\n            return []",
        MEMORY,
    ),
    Mutant(
        "a run is another's whatever its token",
        "return self.lease is not None and self.lease.token == token",
        "return self.lease is not None",
        (*DOMAIN, "tests/contract/test_crashes.py", *ON_MEMORY),
    ),
    Mutant(
        "SQL takes any token for the run's",
        'return (job.key == bindparam("of_key")) & (job.token == bindparam("of_token"))',
        'return (job.key == bindparam("of_key")) & (bindparam("of_token") != "")',
        SQLITE,
    ),
    Mutant(
        "to settle again under the same token is refused",
        "elif job is None or not job.was_settled_by(settlement.token):",
        "else:",
        ("tests/contract/test_crashes.py", *ON_MEMORY),
    ),
    Mutant(
        "the end is told before the failure",
        "return (failed, *self._exhaust(Verb.FAIL, moment.now))",
        "return (*self._exhaust(Verb.FAIL, moment.now), failed)",
        DOMAIN,
    ),
    Mutant(
        "one lost worker too few ends a job",
        "if self.crashes > self.policy.max_crashes:",
        "if self.crashes >= self.policy.max_crashes:",
        DOMAIN,
    ),
    Mutant(
        "a released job goes to the tail when it is promoted",
        "if not self.releases:\n            self.sequence = moment.draw()",
        "if self.run_at is None:\n            self.sequence = moment.draw()",
        DOMAIN,
    ),
    Mutant(
        "a second cancel counts",
        "if self.cancel_request is not None:\n            return ()",
        "if self.id is None:\n            return ()",
        DOMAIN,
    ),
    Mutant(
        "a job that has ended keeps its lease",
        "self.lease = None\n        self.run_at = self.lapses_at = None",
        "self.run_at = self.lapses_at = None",
        DOMAIN,
    ),
    Mutant(
        "a retry keeps the old bound",
        "self.lapses_at = self.policy.deadline\n        self.put_offs = self.releases = 0",
        "self.put_offs = self.releases = 0",
        DOMAIN,
    ),
    Mutant(
        "what was not saved is told all the same",
        "changes = [change for change in changes if change[0] not in stale]",
        "changes = list(changes)",
        ("tests/contract/test_crashes.py", "tests/contract/test_events.py", *ON_MEMORY),
    ),
    Mutant(
        "an empty queue is told of again and again",
        "if self.is_paused or (self.drained_at is not None and last_claim < self.drained_at):",
        "if self.is_paused:",
        DOMAIN,
    ),
    Mutant(
        "a clean spares what is just old enough",
        "return ended <= now - self.older_than",
        "return ended < now - self.older_than",
        ("tests/contract/test_managing.py", *ON_MEMORY),
    ),
    Mutant(
        "a bulk verb changes what came after it began",
        "(self.up_to is not None and job.key > self.up_to)",
        "(self.up_to is not None and job.key < 0)",
        ("tests/unit/application/test_job_selection.py",),
    ),
    Mutant(
        "retention keeps one too many",
        "for job in ended[keep : keep + limit][::-1]]",
        "for job in ended[keep + 1 : keep + limit][::-1]]",
        MEMORY,
    ),
    Mutant(
        "what may kill its worker runs beside others",
        "if claimed[0].is_suspect and not is_beside:",
        "if claimed[0].is_suspect:",
        ("tests/unit/domain/test_suspects.py",),
    ),
    Mutant(
        "a duplicate is not told of",
        "if not is_born and new.has_own_id:",
        "if not is_born and not new.has_own_id:",
        ("tests/contract/test_adding.py", *ON_MEMORY),
    ),
    Mutant(
        "a reader is given its last event again",
        'query.where(event.id > bindparam("after_id"))',
        'query.where(event.id >= bindparam("after_id"))',
        ("tests/contract/test_events.py", "-k", "sqlite"),
    ),
    Mutant(
        "a job is tried once too often",
        "return attempts_made < self.max_attempts",
        "return attempts_made <= self.max_attempts",
        DOMAIN,
    ),
    Mutant(
        "a lease is renewed but not for long enough",
        "until: datetime = uow.now + lease",
        "until: datetime = uow.now",
        ("tests/contract/test_crashes.py", "tests/contract/test_workers.py", *ON_MEMORY),
    ),
)
