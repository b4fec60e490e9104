"""What every run of a worker needs."""

from __future__ import annotations

from datetime import timedelta

import attrs

from ....ports.codec import Codec
from ....ports.executor import Executor
from ....ports.store import Store
from ...outage import Outage
from ...registry import HandlerRegistry
from .outcomes import Chance
from .reporter import Reporter


@attrs.frozen(kw_only=True, eq=False)
class RunDependencies:
    """The ports and the parts that the runs of one worker share."""

    store: Store
    codec: Codec
    executor: Executor
    registry: HandlerRegistry
    reporter: Reporter
    cancel_grace: timedelta
    chance: Chance
    outage: Outage
