"""Jobs as entities: added, loaded, saved under their version, removed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from ..domain.events import Event
from ..domain.job.identity import JobRef
from ..domain.job.job import Job


class JobRepository(Protocol):
    """The jobs of the store.

    One of which some columns cannot be read is an `UnreadableJob`, in every repository: it
    costs no other job anything. To save it leaves those columns as they are, unless it was
    decided what is to stand there.
    """

    def draw_sequences(self, count: int) -> Sequence[int]:
        """Draw `count` sequences, rising; none is ever given out twice."""
        ...

    def last_sequence(self) -> int:
        """The highest sequence drawn so far, 0 before the first."""
        ...

    def insert(
        self, jobs: Sequence[Job], births: Sequence[Event] = (), *, are_free: bool = False
    ) -> frozenset[JobRef]:
        """Number and write new jobs, in order, and add to the log what is told of them.

        The jobs that are given stay without numbers. Those whose (queue, id) is taken are left
        out, with their events, and returned. With `are_free` the ids were drawn for these jobs:
        none can be taken, and the store may write them as late as with the commit, which then
        raises `RowsSkipped` where it has not written them all.
        """
        ...

    def get(self, ref: JobRef) -> Job:
        """The job, locked until the transaction ends. Raises `JobNotFound`."""
        ...

    def find(self, refs: Collection[JobRef], *, bare: bool = False) -> list[Job]:
        """Those of the jobs that exist, in no particular order; locked in that of their keys.

        `bare` ones come without data, state, progress and result, which may be large. Only
        verbs after which there is no result may be decided on them.
        """
        ...

    def save(self, jobs: Sequence[Job]) -> list[Job]:
        """Write the jobs whose stored version is still theirs and bump it.

        Returns the others, unwritten: they have changed or are gone. Of several copies of a
        job that have its version the first is written. Lease renewals, progress, state and data
        are not among what is written.
        """
        ...

    def save_data(self, job: Job) -> None:
        """Write the input of a job that was loaded, locked, in this transaction."""
        ...

    def remove(self, jobs: Sequence[Job]) -> None:
        """Delete the jobs with their logs; those already gone do not matter.

        Raises `StoreRefused` where the store takes the write and one is still there.
        """
        ...
