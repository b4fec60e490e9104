"""What callers ask a listing or a log for, checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ..domain.errors import InvalidOption, UnknownOption
from ..domain.events import EventType
from ..domain.job import defaults
from ..domain.job.identity import checked_name, checked_unicode
from ..domain.job.options import checked_flag, checked_mapping
from ..domain.job.status import JobStatus
from ..domain.shown import shown
from ..ports.codec import Codec
from ..ports.event_log import EventFilter
from ..ports.job_catalog import JobQuery

MOST_LISTED: Final = 1_000
"""Jobs on one page, at most."""


def checked_statuses(status: Any) -> frozenset[JobStatus]:
    """Statuses from one, its name, or several; None is all of them."""
    names: Any = [] if status is None else [status] if isinstance(status, str) else status
    try:
        return frozenset(map(JobStatus, names))
    except (TypeError, ValueError, RecursionError):
        known = ", ".join(known.value for known in JobStatus)
        raise InvalidOption("status", f"{shown(status)} is not one of {known}") from None


def checked_limit(limit: object, field: str = "limit", most: int = MOST_LISTED) -> int:
    """A page size from 1 to `most`."""
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= most:
        raise InvalidOption(field, f"must be an integer from 1 to {most}")
    return int(limit)


def checked_cursor(after: object) -> int | None:
    """A cursor as a page or an event has given it out."""
    if after is None:
        return None
    if isinstance(after, bool) or not isinstance(after, int) or not 0 <= after < 2**63:
        raise InvalidOption("after", "must be a cursor that was given out")
    return int(after)


def event_filter(
    queue: str | None, job_id: str | None, types: Iterable[EventType | str]
) -> EventFilter:
    """Which events to read, checked."""
    return EventFilter(
        None if queue is None else checked_name(queue, "queue"),
        None if job_id is None else checked_name(job_id, "job_id"),
        checked_types(types),
    )


def checked_types(types: Any) -> frozenset[EventType]:
    """Event types from one, its name, or several."""
    names: Any = [types] if isinstance(types, str) else types
    try:
        return frozenset(map(EventType, names))
    except (TypeError, ValueError, RecursionError):
        known = ", ".join(known.value for known in EventType)
        raise InvalidOption("types", f"{shown(types)} is not one of {known}") from None


def query(
    queue: str | None,
    codec: Codec,
    *,
    status: object = None,
    name: str | None = None,
    tag: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    error: str | None = None,
    newest_first: bool = True,
    **unknown: object,
) -> JobQuery:
    """A checked query. Raises `UnknownOption` for a condition that there is not."""
    for condition in unknown:
        raise UnknownOption(condition, "is not a condition of a listing")
    return JobQuery(
        queue=None if queue is None else checked_name(queue, "queue"),
        statuses=checked_statuses(status),
        name=None if name is None else checked_name(name, "name"),
        tag=None if tag is None else checked_name(tag, "tag"),
        metadata={} if metadata is None else _checked_metadata(metadata, codec),
        error=None if error is None else _checked_error(error),
        newest_first=checked_flag(newest_first, "newest_first"),
    )


def _checked_metadata(wanted: object, codec: Codec) -> Mapping[str, Any]:
    """The values as they would be kept, which is as they are compared."""
    given = checked_mapping(wanted, "metadata")
    text = codec.encode(given, field="metadata", limit=defaults.MAX_PAYLOAD)
    return dict(codec.decode(text))


def _checked_error(text: object) -> str:
    if not isinstance(text, str):
        raise InvalidOption("error", f"must be a string, not {type(text).__name__}")
    if len(text) > defaults.MAX_ERROR_TEXT:
        most = f"{defaults.MAX_ERROR_TEXT:,}"
        raise InvalidOption("error", f"has {len(text)} characters, more than {most}")
    return checked_unicode(text, "error")
