"""`errands db migrate`."""

from __future__ import annotations

from ..opening import operator_of
from ..options import Url
from ..output import say


def migrate(*, url: Url = None) -> None:
    """Create the database where there is none, and bring its schema up to date.

    Safe to run from many processes at once, and again.

    For example:

    - `errands db migrate --url sqlite:////var/lib/shop/jobs.db`
    """
    operator = operator_of(url)
    before = operator.facts()
    operator.migrate()
    after = operator.facts()
    if before.revision == after.revision:
        say(f"{after.url} is at revision {after.revision} already")
    else:
        say(f"{after.url} is now at revision {after.revision} (was: {before.revision or 'none'})")
