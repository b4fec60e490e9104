"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

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
