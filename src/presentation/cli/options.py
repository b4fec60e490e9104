"""Options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter, Token


def _whole(_: object, tokens: Sequence[Token]) -> int:
    """A whole number as it was written: 1.5 is none, and is not rounded to one."""
    text = tokens[0].value
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise ValueError(f"must be a whole number of at most 18 digits, not {text[:20]!r}")
    return int(text)


Whole = Annotated[int, Parameter(converter=_whole)]
MaybeWhole = Annotated[int | None, Parameter(converter=_whole)]

Url = Annotated[
    str | None,
    Parameter(
        name="--url",
        help="The database; else $JOB_QUEUE_DATABASE_URL, else sqlite:///./errands.db.",
    ),
]
AsJson = Annotated[
    bool,
    Parameter(
        name="--json",
        negative="",
        show_default=False,
        help="Print JSON for programs, nothing else.",
    ),
]
Flag = Annotated[bool, Parameter(negative="", show_default=False)]
Names = Annotated[tuple[str, ...], Parameter(negative_iterable=(), show_default=False)]
JobId = Annotated[str, Parameter(help="A bare id where only one queue has it, else queue/id.")]
