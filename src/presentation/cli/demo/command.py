"""`errands demo`."""

from __future__ import annotations

from ..options import MaybeWhole, Url
from ..output import Trouble


def demo(*, limit: MaybeWhole = None, url: Url = None) -> int:
    """Analyse Python's own standard library with two workers, one of them killed on the way.

    Every source file becomes a job. At the end the database itself is asked whether each
    was settled exactly once; exit code 1 if not. The database stays, to be looked at.

    For example:

    - `errands demo`
    - `errands demo --limit 200 --url sqlite:////tmp/demo.db`

    Parameters
    ----------
    limit
        Only so many files.
    url
        A SQLite file that does not exist yet; else ./errands-demo.db, which each demo
        starts anew.
    """
    if limit is not None and limit < 1:
        raise Trouble("--limit must be at least 1", 2)
    from .stage import run

    return run(limit, url)
