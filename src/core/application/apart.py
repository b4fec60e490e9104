"""Writing many things together, and apart where the database does not take one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

from .trouble import Trouble

T = TypeVar("T")


class Apart(Generic[T]):
    """Gives members out to be written together; a part that is refused comes back in pieces.

    So the one at fault is found in a few more writes, and all others are written. The order
    of the members is kept.
    """

    def __init__(self, *parts: Sequence[T]) -> None:
        self._waiting: list[Sequence[T]] = [part for part in reversed(parts) if part]

    def __iter__(self) -> Iterator[Sequence[T]]:
        return self

    def __next__(self) -> Sequence[T]:
        if not self._waiting:
            raise StopIteration
        return self._waiting.pop()

    def again(self, part: Sequence[T], error: BaseException) -> bool:
        """Give a refused part out again in pieces; False for one member, which is at fault."""
        if len(part) == 1:
            return False
        size = -(-len(part) // pieces(error))
        starts = range(0, len(part), size)
        self._waiting += [part[start : start + size] for start in reversed(starts)]
        return True


def pieces(error: BaseException) -> int:
    """In how many pieces a part is written again that has met this error.

    Where a statement was broken off, each further try that fails costs as long again: fewer of
    them fail where the pieces are smaller.
    """
    return 8 if Trouble.of(error) is Trouble.GIVEN_UP else 2
