"""Whether an error is one member's own, or the store's that takes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .trouble import Trouble, may_be_of_one

MOST_ALONE: Final = 3
"""Members tried alone and refused, with none taken, after which it is the store that fails."""


class Doubt:
    """What the parts of one write tell of an error that may be the store's, or one member's.

    It may be one member's: a trigger whose branch for this row meets a missing table, or takes
    longer than a statement may. Any part that is taken proves that the store takes something.
    Where the first few that were tried alone were all refused, it is the store's, so that a table
    which is really gone costs a bounded number of further writes.
    """

    def __init__(self) -> None:
        self.has_taken = False
        self._alone = 0

    def taken(self) -> None:
        """A part was written."""
        self.has_taken = True

    def is_of_one(
        self, error: BaseException, part: Sequence[object], *, is_patient: bool = False
    ) -> bool:
        """Whether the error, which this part met, may be one member's; see `may_be_of_one`."""
        if not may_be_of_one(error, is_patient=is_patient):
            return False
        if self.has_taken or not Trouble.of(error).is_doubtful:
            return True
        self._alone += len(part) == 1
        return not self.blames_store

    @property
    def blames_store(self) -> bool:
        """Whether enough was tried alone, with nothing taken, to know that it is the store."""
        return not self.has_taken and self._alone >= MOST_ALONE

    @property
    def is_left(self) -> bool:
        """Whether such an error was met and nothing has proved that the store takes anything."""
        return not self.has_taken and self._alone > 0
