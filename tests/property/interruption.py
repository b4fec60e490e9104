"""A unit of work that breaks in the middle: after so many calls to its repositories."""

from collections.abc import Callable
from typing import Any, cast

import attrs

from errands.core.ports.unit_of_work import UnitOfWork


class Boom(Exception):
    """Raised in the middle of a unit, or after its last write."""


@attrs.define(eq=False)
class _Fuse:
    """How many calls are left."""

    calls: int

    def burn(self) -> None:
        if self.calls <= 0:
            raise Boom
        self.calls -= 1


@attrs.frozen(eq=False)
class _Repository:
    """A repository each call of which burns the fuse a little."""

    inner: Any
    fuse: _Fuse

    def __getattr__(self, name: str) -> Any:
        method: Callable[..., Any] = getattr(self.inner, name)

        def call(*arguments: Any, **named: Any) -> Any:
            self.fuse.burn()
            return method(*arguments, **named)

        return call


@attrs.frozen(eq=False)
class _Interrupted:
    uow: UnitOfWork
    fuse: _Fuse

    def __getattr__(self, name: str) -> Any:
        part = getattr(self.uow, name)
        return part if name == "now" else _Repository(part, self.fuse)


def interrupted(uow: UnitOfWork, calls: int) -> UnitOfWork:
    """The same unit, that raises `Boom` instead of the call after `calls` calls."""
    return cast("UnitOfWork", _Interrupted(uow, _Fuse(calls)))
