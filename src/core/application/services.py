"""What the front services of one application share."""

from __future__ import annotations

import attrs

from ..ports.codec import Codec
from ..ports.id_generator import IdGenerator
from ..ports.store import Store
from ..ports.wakeup import Wakeup
from .adder import Adder
from .outage import Outage
from .result_waiter import ResultWaiter


@attrs.frozen(kw_only=True, eq=False)
class Services:
    """The ports and the shared services behind every queue and handle of an application."""

    store: Store
    wakeup: Wakeup
    codec: Codec
    ids: IdGenerator
    adder: Adder
    results: ResultWaiter
    outage: Outage = attrs.Factory(Outage)
