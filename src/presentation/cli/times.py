"""Times as people say them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))


def span(length: timedelta) -> str:
    """A length of time in its two biggest units: `40 ms`, `3.2 s`, `4 min 10 s`, `2 d 3 h`."""
    seconds = length.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    for size, name in _UNITS:
        if seconds >= size:
            whole, rest = divmod(int(seconds), size)
            smaller, word = {86_400: (3_600, "h"), 3_600: (60, "min"), 60: (1, "s")}[size]
            part = rest // smaller
            return f"{whole} {name} {part} {word}" if part else f"{whole} {name}"
    raise AssertionError("every length has a unit")


def when(at: datetime | None, now: datetime | None = None) -> str:
    """How far a moment is from now: `3 min ago`, `in 20 s`; `-` for none."""
    if at is None:
        return "-"
    away = at - (datetime.now(UTC) if now is None else now)
    return f"in {span(away)}" if away > timedelta(0) else f"{span(-away)} ago"


def stamp(at: datetime | None) -> str:
    """A moment on the local clock, with its distance from now; `-` for none."""
    if at is None:
        return "-"
    local = at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return f"{local}.{at.microsecond // 1000:03d} ({when(at)})"


def clock(at: datetime) -> str:
    """A moment on the local clock, to the millisecond, without the day."""
    return f"{at.astimezone():%H:%M:%S}.{at.microsecond // 1000:03d}"
