"""One line of the table."""

from __future__ import annotations

from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class Result:
    """A figure and what it is held against.

    `limit` is the reference's own figure in the same run, `ratio` ours by it (the median
    of the pairs' ratios where there are pairs). `target` says in words what is asked of the
    ratio, or of the value where there is no reference; `met` is True where nothing is.
    `store` is filled in by whoever measures on several.
    """

    store: str = ""
    measure: str
    what: str
    value: float
    unit: str
    limit: float | None = None
    ratio: float | None = None
    target: str = "reported only"
    met: bool = True

    def as_json(self) -> dict[str, Any]:
        """An object of `build/bench.json`."""
        return attrs.asdict(self)


def at_least(least: float | None, ratio: float) -> dict[str, Any]:
    """A target that a ratio meets from below; None asks for nothing."""
    if least is None:
        return {"ratio": ratio}
    return {"ratio": ratio, "target": f">= {least:g}", "met": ratio >= least}


def at_most(most: float | None, value: float, unit: str = "") -> dict[str, Any]:
    """A target that a value, or a ratio, meets from above; None asks for nothing."""
    if most is None:
        return {}
    return {"target": f"<= {most:g} {unit}".rstrip(), "met": value <= most}
