"""Giving jobs back from a thread, where the event loop of their worker is blocked."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Final

from ...domain.job.lease import Claim
from ...ports.store import Store
from ...ports.unit_of_work import UnitOfWork
from ..apart import Apart
from ..doubt import Doubt
from ..use_cases.settle import Settlement, give_back

MOST_NAMED: Final = 100
"""So many jobs are named in one line of the log."""

_log = logging.getLogger("errands.worker")
Member = Settlement | Claim


def give_back_apart(
    store: Store, ends: Sequence[Settlement], unanswered_claims: Sequence[Claim]
) -> None:
    """Settle these runs, and release what these claims got whose commit was not answered.

    Together; in pieces where the database does not take one of them, which is left to its
    lease. Says at ERROR what came of it, and raises nothing.
    """
    held: list[Member] = [*ends, *unanswered_claims]
    given, why = _given(store, held)
    left = [each for each in held if each not in given]
    if given:
        _log.error("gave back %s", _named(given))
    if left:
        _log.error("stopped without giving back %s: %s", _named(left), why)


def _given(store: Store, held: Sequence[Member]) -> tuple[list[Member], Exception | None]:
    """What was given back, and why what was not could not be."""
    doubt, apart = Doubt(), Apart(held)
    given, why = list[Member](), None
    for part in apart:
        try:
            is_taken = store.transact_sync(partial(_give_back, part=part), urgent=True)
        except Exception as error:  # noqa: BLE001 - nobody is left to be told
            why = error
            if not doubt.is_of_one(error, part):
                break
            apart.again(part, error)
        else:
            given += part
            if is_taken:
                doubt.taken()
    return given, why


def _give_back(uow: UnitOfWork, part: Sequence[Member]) -> bool:
    """Do it for a part; whether anything of a job that was held has been written."""
    ends = [each for each in part if isinstance(each, Settlement)]
    rejected = give_back(uow, ends, [each for each in part if isinstance(each, Claim)])
    return len(rejected) < len(ends)


def _named(held: Sequence[Member]) -> str:
    """How many jobs, and which."""
    refs = [str(each.job.ref) for each in held if isinstance(each, Settlement)]
    more = ", ..." if len(refs) > MOST_NAMED else ""
    return f"{len(refs)} jobs: {', '.join(refs[:MOST_NAMED])}{more}"
