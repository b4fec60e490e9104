"""A Core statement with its parameters in a fixed order, compiled once a dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, TypeAlias

from sqlalchemy.engine import Compiled, Dialect
from sqlalchemy.sql import Select
from sqlalchemy.sql.dml import UpdateBase

Row = Sequence[Any]
Parameters = Sequence[Any]
Query: TypeAlias = "Select[*tuple[Any, ...]]"
Core: TypeAlias = "Select[*tuple[Any, ...]] | UpdateBase"
"""A query, or a change with or without rows to return."""


FORMS: Final = 256
"""How many forms of a statement with several are kept, of all stores of the process."""
BULK: Final = 100
"""Rows of a bulk insert: beyond that a row costs no less, and parameters are limited."""


class Statement:
    """One statement of the hot path.

    `names` orders the bound parameters: callers pass plain tuples in that order. On a
    driver's own cursor the compiled text runs with those tuples; on a caller's
    connection the Core statement runs with names.
    """

    def __init__(
        self, core: Core, names: Sequence[str], *, bulk: Callable[[], Statement] | None = None
    ) -> None:
        self.core = core
        self.names = tuple(names)
        self._make_bulk = bulk
        self._bulk: Statement | None = None
        self._compiled: dict[str, tuple[str, Callable[[Parameters], Parameters] | None]] = {}

    @property
    def has_bulk(self) -> bool:
        """Whether there is a form for `BULK` members at once."""
        return self._make_bulk is not None

    @property
    def bulk(self) -> Statement:
        """The same insert for `BULK` members in one statement; made when first asked for."""
        if self._bulk is None:
            self._bulk = self if self._make_bulk is None else self._make_bulk()
        return self._bulk

    def on(self, dialect: Dialect) -> tuple[str, Callable[[Parameters], Parameters] | None]:
        """The text for a dialect, and how to arrange the parameters if not as they come."""
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = self._compile(dialect)
        return found

    def named(self, values: Parameters) -> dict[str, Any]:
        """The parameters by name."""
        return dict(zip(self.names, values, strict=True))

    def _compile(self, dialect: Dialect) -> tuple[str, Callable[[Parameters], Parameters] | None]:
        compiled = self.core.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        order = positions(compiled)
        if order == self.names:
            return str(compiled), None
        constants = {
            name: value for name, value in compiled.params.items() if name not in self.names
        }
        return str(compiled), _arrangement(order, self.names, constants)


def positions(compiled: Compiled) -> tuple[str, ...]:
    """The names of the parameters in the order in which a text takes them."""
    return tuple(getattr(compiled, "positiontup", None) or ())


def _arrangement(
    order: Sequence[str], names: Sequence[str], constants: Mapping[str, Any]
) -> Callable[[Parameters], Parameters]:
    """A function that puts parameters into the order of a text, its constants among them."""
    known = (*names, *constants)
    places = [known.index(name) for name in order]
    tail = tuple(constants.values())
    if len(places) == 1:
        return lambda values: ((*values, *tail)[places[0]],)
    pick = itemgetter(*places)
    return lambda values: pick((*values, *tail))
