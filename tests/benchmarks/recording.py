"""What the library does to its database, written down while it does it."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import attrs

from tests.benchmarks.stores.catalogue import store_of
from tests.benchmarks.stores.store import Store, Tape, Transaction

Growth = Counter[str]
"""By how many jobs of a status, and events of a type, a database has grown."""


@attrs.frozen
class Recording:
    """Transactions, and what came of them; a replay must come to the same."""

    transactions: list[Transaction]
    growth: Growth


class Recorder:
    """Records from `begin` on; what was done before is not to be replayed."""

    def __init__(self, store: Store, url: str, tape: Tape) -> None:
        self._store = store
        self._url = url
        self._tape = tape
        self._before: Growth = Counter()

    def begin(self) -> None:
        """Forget what was recorded."""
        self._tape.clear()
        self._before = census(self._store, self._url)

    def end(self) -> Recording:
        """What was done since."""
        grown = growth(self._before, census(self._store, self._url))
        if not self._tape.transactions:
            raise RuntimeError("nothing was recorded: does the store write in another way now?")
        return Recording(self._tape.transactions, grown)


@contextmanager
def recorded(url: str, path: str | None) -> Generator[Recorder | None]:
    """Record into a file what applications write that are opened inside the block, and closed.

    With no path, nothing is recorded at all.
    """
    if path is None:
        yield None
        return
    store = store_of(url)
    with store.taped() as tape:
        recorder = Recorder(store, url, tape)
        yield recorder
        Path(path).write_bytes(pickle.dumps(recorder.end()))


def load(path: str) -> Recording:
    """A recording, from its file."""
    recording: Recording = pickle.loads(Path(path).read_bytes())  # noqa: S301 - our own file
    return recording


def census(store: Store, url: str) -> Growth:
    """How many jobs there are of each status, and events of each type."""
    jobs = store.look(url, "SELECT status, count(*) FROM errands_job GROUP BY status")
    events = store.look(url, "SELECT type, count(*) FROM errands_event GROUP BY type")
    return Counter(
        {
            **{f"jobs {status}": int(count) for status, count in jobs},
            **{f"events {type_}": int(count) for type_, count in events},
        }
    )


def growth(before: Growth, after: Growth) -> Growth:
    """What has changed, without what has not."""
    grown = Counter(after)
    grown.subtract(before)
    return Counter({what: count for what, count in grown.items() if count})
