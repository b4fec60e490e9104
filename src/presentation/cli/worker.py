"""`errands worker`."""

from __future__ import annotations

import gc
import logging
from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter

from .options import MaybeWhole, Names, Whole
from .output import Trouble
from .supervisor import Supervisor, die_with_parent
from .target import load_target

LOG_FORMAT = "%(asctime)s %(levelname)s [%(process)d] %(name)s: %(message)s"

_log = logging.getLogger("errands.worker")


def worker(
    target: str,
    /,
    *,
    queue: Names = (),
    concurrency: MaybeWhole = None,
    processes: Whole = 1,
    scheduler: bool = True,
    grace: float | None = None,
    supervised: Annotated[bool, Parameter(show=False, negative="")] = False,
) -> int:
    """Run the jobs of an application until SIGTERM or Ctrl-C.

    The first signal stops it gracefully: nothing more is claimed, what runs may end within
    the grace, the rest is given back. A second one gives it all back at once.

    For example:

    - `errands worker shop.jobs:app`
    - `errands worker shop.jobs:app --queue mail --queue slow --processes 4`

    Parameters
    ----------
    target
        package.module:name of an `Errands`; the current directory is looked into first.
    queue
        A queue to serve, may be given several times; else all that have a handler.
    concurrency
        Jobs at once in each process.
    processes
        With more than one, a supervisor starts them and replaces one that dies.
    scheduler
        Whether to make due jobs ready and take over lost ones as well; another one must.
    grace
        Seconds that running jobs have to end when it stops.
    supervised
        Stop when standard input ends.
    """
    if processes < 1:
        raise Trouble("--processes must be at least 1", 2)
    if supervised:
        die_with_parent()
    app = load_target(target)
    # Refused here, once: children that refuse it would be replaced for ever.
    worker = app.worker(queue or None, scheduler=scheduler, concurrency=concurrency, grace=grace)
    logging.basicConfig(format=LOG_FORMAT, level=logging.INFO)
    if processes > 1:
        arguments = child_arguments(
            target, queue=queue, concurrency=concurrency, scheduler=scheduler, grace=grace
        )
        seconds = app.settings.worker.grace.total_seconds() if grace is None else grace
        return Supervisor(arguments, processes, grace=seconds).run()
    tame_garbage_collection()
    _log.info("working on %s in %s", ", ".join(worker.queues), app.url)
    app.run(queue or None, scheduler=scheduler, concurrency=concurrency, grace=grace)
    return 0


def tame_garbage_collection() -> None:
    """Leave what was imported out of collections, and collect more rarely.

    A worker makes and drops many small objects; this saves it a fifth of its CPU time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def child_arguments(
    target: str,
    *,
    queue: Sequence[str] = (),
    concurrency: int | None = None,
    scheduler: bool = True,
    grace: float | None = None,
) -> list[str]:
    """What a supervised worker is called with."""
    arguments = [target, *(f"--queue={name}" for name in queue)]
    if concurrency is not None:
        arguments.append(f"--concurrency={concurrency}")
    if grace is not None:
        arguments.append(f"--grace={grace}")
    if not scheduler:
        arguments.append("--no-scheduler")
    return arguments
