"""The reference: a recording of the library's own statements, run by the bare driver.

Same statements, parameters, batches and transactions on a copy of the same database; what is
left out is all of the library's Python.
"""

from __future__ import annotations

import gc

from tests.benchmarks.programs.talk import arguments, tell
from tests.benchmarks.recording import census, growth, load
from tests.benchmarks.stores.catalogue import store_of


def main(url: str, recording: str, *, weighs_log: bool = False) -> None:
    """Replay a recording on a database; fail if it comes to anything else than the recorded."""
    store, recorded = store_of(url), load(recording)
    before = census(store, url)
    gc.collect()
    gc.freeze()
    replayed = store.replay(url, recorded.transactions, weighs_log=weighs_log)
    grown = growth(before, census(store, url))
    if grown != recorded.growth:
        raise RuntimeError(f"the replay came to {grown}, the recorded run to {recorded.growth}")
    tell(seconds=replayed.seconds, log_bytes=replayed.log_bytes)


if __name__ == "__main__":
    main(**arguments())
