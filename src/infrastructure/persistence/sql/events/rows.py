"""Rows and events: what stands in which column."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from .....core.domain.events import Event, EventType
from ..encoding import json_text
from ..statement import Row
from ..times import moment

_decode: Final = msgspec.json.Decoder().decode

EVENT: Final = ("at", "type", "queue", "job_id", "data")
"""Columns written for an event."""


def event_values(event: Event, at: int) -> tuple[Any, ...]:
    """The values of `EVENT`; `at` is the time of the unit in milliseconds."""
    data = event.data
    return (at, event.type._value_, event.queue, event.job_id, json_text(data) if data else None)


def event_from_row(row: Row) -> Event:
    """The event of a row: id, then the `EVENT` columns."""
    id_, at, kind, queue, job_id, data = row
    details = None if data is None else _decode(data)
    return Event(EventType(kind), moment(at), queue, job_id, details, id_)
