"""A property that is computed once for each object."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeVar

T = TypeVar("T")


class cached_property(functools.cached_property[T]):  # noqa: N801 - as in functools
    """That of `functools`, without the lock that it has before Python 3.12.

    There the lock is one for all objects, and a child that is forked while another thread has it
    waits for it for ever. Threads that ask at once may compute it twice.
    """

    if not TYPE_CHECKING:

        def __get__(self, instance: object, owner: type[Any] | None = None) -> Any:
            """The value, kept in the object's `__dict__`, which answers from then on."""
            if instance is None:
                return self
            value = self.func(instance)
            instance.__dict__[self.attrname or ""] = value
            return value
