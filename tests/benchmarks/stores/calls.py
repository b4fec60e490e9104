"""Whatever the library asks of its driver, written down call by call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import partial
from itertools import count
from typing import Any, Final

import attrs

Call = tuple[int, str, tuple[Any, ...], dict[str, Any], int]
"""Number of the object, its method, the arguments, and the number of the answer."""

CONNECTION: Final = 0
"""The number of the connection, whichever of them it was."""
DRIVERS: Final = frozenset({"psycopg", "psycopg_binary", "psycopg_c", "pymysql", "MySQLdb"})
"""Calls on what comes from these modules are recorded, too; everything else is plain data."""

_numbers: Final = count(1)


class Reel:
    """The calls on one connection and on what comes from it.

    An object that was made outside of what is kept (a cursor that lives as long as its
    connection) is made again in front of its first use.
    """

    def __init__(self, connection: Any) -> None:
        self.connection = Taped(Wire(self, connection, CONNECTION))
        self._known = {CONNECTION}
        self._fresh: set[int] = set()
        self._calls: list[Call] | None = None

    @property
    def is_running(self) -> bool:
        """Whether calls are being recorded."""
        return self._calls is not None

    def start(self) -> None:
        """Record from here on."""
        self._calls = []

    def stop(self, *, keep: bool) -> list[Call]:
        """Record no more; what was recorded, or nothing if it is not kept."""
        calls, self._calls = self._calls or [], None
        if keep:
            self._known |= self._fresh
        self._fresh.clear()
        return calls if keep else []

    def note(self, wire: Wire, call: Call) -> None:
        """Keep a call, and before it how its object came about."""
        if self._calls is not None:
            self._make_known(wire, self._calls)
            self._calls.append(call)
            self._fresh.add(call[-1])

    def _make_known(self, wire: Wire, calls: list[Call]) -> None:
        if wire.number in self._known or wire.number in self._fresh or wire.origin is None:
            return
        parent, call = wire.origin
        self._make_known(parent, calls)
        calls.append(call)
        self._fresh.add(wire.number)


@attrs.frozen(eq=False)
class Wire:
    """An object of the driver with its number, and the call on another that gave it."""

    reel: Reel
    target: Any
    number: int
    origin: tuple[Wire, Call] | None = None
    parts: dict[str, Taped] = attrs.field(factory=dict[str, "Taped"], init=False)

    def call(self, method: str, *given: Any, **named: Any) -> Any:
        """Call the driver. An iterator is used up first: it could not be replayed."""
        args: tuple[Any, ...] = tuple(map(_held, given))
        call = (self.number, method, args, named, next(_numbers))
        self.reel.note(self, call)
        answer = getattr(self.target, method)(*args, **named)
        if answer is self.target:
            return Taped(self)
        return self.lead_to(answer, call) if _is_of_driver(answer) else answer

    def part(self, name: str) -> Any:
        """An attribute: a method that is recorded, plain data, or another such object."""
        value = getattr(self.target, name)
        if callable(value):
            return partial(self.call, name)
        if not _is_of_driver(value):
            return value
        if name not in self.parts:
            call = (self.number, "__getattribute__", (name,), dict[str, Any](), next(_numbers))
            self.parts[name] = self.lead_to(value, call)
        return self.parts[name]

    def lead_to(self, target: Any, call: Call) -> Taped:
        """The answer of a call, taped as well."""
        return Taped(Wire(self.reel, target, call[-1], (self, call)))


class Taped:
    """Stands for an object of the driver: passes every call on and notes it."""

    _wire: Wire
    __slots__ = ("_wire",)

    def __init__(self, wire: Wire) -> None:
        object.__setattr__(self, "_wire", wire)

    def __getattr__(self, name: str) -> Any:
        return self._wire.part(name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._wire.call("__setattr__", name, value)

    def __enter__(self) -> Any:
        return self._wire.call("__enter__")

    def __exit__(self, *error: object) -> Any:
        return self._wire.call("__exit__", *error)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._wire.call("fetchall"))


def _held(value: Any) -> Any:
    if isinstance(value, type) or not hasattr(value, "__next__"):
        return value
    return [*value]


def _is_of_driver(value: object) -> bool:
    if isinstance(value, Enum | tuple):
        return False
    module = type(value).__module__
    return module.partition(".")[0] in DRIVERS or module == "contextlib"


def run_calls(objects: dict[int, Any], calls: Iterable[Call]) -> None:
    """Make recorded calls again; `objects` holds the connection and gains the answers."""
    for target, method, args, named, number in calls:
        objects[number] = getattr(objects[target], method)(*args, **named)


def last_uses(transactions: list[list[Call]]) -> list[list[int]]:
    """For each transaction the numbers of the answers that nobody needs behind it."""
    last: dict[int, int] = {}
    for index, calls in enumerate(transactions):
        for target, _, _, _, number in calls:
            last[target] = last[number] = index
    del last[CONNECTION]
    parted: dict[int, list[int]] = defaultdict(list)
    for number, index in last.items():
        parted[index].append(number)
    return [parted[index] for index in range(len(transactions))]
