"""The acts of a peer whose API blocks.

A queue has `prepare()`, `add(data)`, `add_many(list)`, `left()`, the number of jobs that are not
settled yet, and `start(handle, settings, concurrency)`, which runs a worker in the background and
returns what stops it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from time import monotonic, monotonic_ns, perf_counter
from typing import Any

from talk import Runs, arguments, data, hear, tell, tell_versions

POLL_SECONDS = 0.002


def add(queue: Any, count: int) -> None:
    """A: one add after the other, after one to warm up."""
    payload = data()
    queue.add(payload)
    started = perf_counter()
    for _ in range(count):
        queue.add(payload)
    tell(seconds=perf_counter() - started)


def fill(queue: Any, count: int) -> None:
    """B: all at once."""
    many = [data() for _ in range(count)]
    started = perf_counter()
    queue.add_many(many)
    tell(seconds=perf_counter() - started)


def drain(queue: Any, count: int, settings: str, concurrency: int | None) -> None:
    """C: from the first start to the last settlement."""
    runs = Runs(count, threading.Event())
    tell(ready=True)
    hear()
    stop = queue.start(runs.handle, settings, concurrency)
    runs.all_started.wait()
    while queue.left():
        time.sleep(POLL_SECONDS)
    tell(seconds=perf_counter() - runs.first, runs=runs.count)
    stop()


def meet(queue: Any, settings: str) -> None:
    """D: how long each job took from its add call to its handler, in milliseconds."""
    delays: list[float] = []
    stop = queue.start(
        lambda given: delays.append((monotonic_ns() - given["at"]) / 1e6), settings, None
    )
    tell(ready=True)
    hear()
    tell(delays=delays)
    stop()


def work(queue: Any, settings: str) -> None:
    """E: run what comes until told to stop."""
    runs = Runs(None, threading.Event())
    stop = queue.start(runs.handle, settings, None)
    tell(ready=True)
    hear()
    tell(runs=runs.count)
    stop()


def produce(queue: Any, gap: float, count: int | None, seconds: float | None) -> None:
    """D and E: add with a gap, or for some seconds; then tell what is left."""
    queue.add(data(at=monotonic_ns()))
    tell(ready=True)
    hear()
    added, end = 0, None if seconds is None else monotonic() + seconds
    while added != count and (end is None or monotonic() < end):
        if gap:
            time.sleep(gap)
        queue.add(data(at=monotonic_ns()))
        added += 1
    tell(added=added + 1, left=queue.left())


ACTS = {"add": add, "fill": fill, "drain": drain, "meet": meet, "work": work, "produce": produce}


def play(open_queue: Callable[[str], Any], packages: Sequence[str]) -> None:
    """Run the act that the command line names."""
    given = arguments()
    act = given.pop("act")
    if act == "versions":
        tell_versions(packages)
        return
    queue = open_queue(given.pop("url"))
    if act == "prepare":
        queue.prepare()
        tell(done=True)
        return
    ACTS[act](queue, **given)
