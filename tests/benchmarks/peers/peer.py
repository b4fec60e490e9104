"""A queue that is measured, ours or another's."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import attrs

PROGRAMS: Final = Path(__file__).parent / "programs"

StoreName = Literal["sqlite", "postgresql", "redis"]


@attrs.frozen(kw_only=True)
class Peer:
    """What to install, how it is set up, and what a reader has to know of its figures.

    `settings` are those it is measured with, `keeps` says what it does not keep and what it does
    at a crash, `durability` what a commit of it means where that is its own choice and not the
    server's. `installs` is empty for what needs no environment of its own.
    """

    name: str
    store: StoreName
    program: str
    settings: str
    keeps: str
    installs: tuple[str, ...] = ()
    durability: str = ""
    least_python: tuple[int, int] = (3, 11)

    @property
    def script(self) -> Path:
        """The program that runs in the peer's environment."""
        return PROGRAMS / self.program

    @property
    def is_on_node(self) -> bool:
        """Whether npm installs it and node runs it."""
        return self.script.suffix == ".mjs"

    @property
    def is_ours(self) -> bool:
        """Whether it is Errands itself."""
        return self.name == OURS


OURS: Final = "errands"
