"""What can be wrong with a stored job, as a value."""

from __future__ import annotations

from enum import StrEnum

import attrs


class Severity(StrEnum):
    """How bad it is; each value is also its spelling in JSON."""

    ERROR = "error"
    """No sequence of verbs leads there: something else wrote to the database, or a bug did."""
    NOTE = "note"
    """Worth knowing, and no fault."""
    WARNING = "warning"
    """Possible, but nobody does what is due: as a rule no worker or scheduler is running."""


@attrs.frozen
class Flaw:
    """One broken rule; `sentence` says of the job what is wrong with it."""

    rule: str
    sentence: str
    severity: Severity = Severity.ERROR
