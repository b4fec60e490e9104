"""The queues of the measures."""

from __future__ import annotations

from typing import Final

MODELS: Final = "models"
"""The queue of the jobs that all others are copies of."""
TOLD: Final = "scale_told"
"""A table with the events of the models, which retention removes from the log."""
IDLE: Final = "idle"
"""A queue in which nothing waits, whatever does elsewhere."""
SCRATCH: Final = "scratch"
"""A queue for what maintenance changes; it is emptied after each measure."""
ALL: Final = "all-{}"
"""The name of each of many queues, by its number."""
