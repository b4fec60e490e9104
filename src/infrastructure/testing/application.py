"""An application with some of its parts replaced."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from ...core.ports.id_generator import IdGenerator
from ..di.application import Errands


def application(
    url: str = "memory://",
    *,
    clock: Callable[[], datetime] | None = None,
    ids: IdGenerator | None = None,
    chance: Callable[[], float] | None = None,
    **settings: Any,
) -> Errands:
    """An `Errands` on this clock (a `FakeClock`), these ids (`SequentialIds`), this chance.

    What is not given is real. `chance` gives numbers in [0, 1), for jitter. The application
    is not open yet; `settings` are those of `Errands`, `store` among them.
    """
    app = Errands(url, **settings)
    for name, part in (("clock", clock), ("ids", ids), ("chance", chance)):
        if part is not None:
            app.container.providers[name].override(part)  # pyright: ignore[reportUnknownMemberType]
    return app
