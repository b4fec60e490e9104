"""Checksums over values, the same whatever database they come from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache, lru_cache
from hashlib import blake2b
from typing import Any, Final, cast

import attrs

from ..domain.beside import BESIDE
from ..domain.job.options import JobPolicy

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
DIGEST_BYTES: Final = 16


@attrs.frozen
class Compared:
    """What both stores have of one kind: how many, and a checksum over their values in order.

    `first_difference` names the first that is not the same, None where all are.
    """

    kind: str
    source_count: int
    target_count: int
    source_checksum: str
    target_checksum: str
    first_difference: str | None

    @property
    def is_same(self) -> bool:
        """Whether both have the same."""
        return self.first_difference is None


class Scales:
    """Weighs the things of one kind against each other, pair after pair, in one order."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._source, self._target = _Pan(), _Pan()
        self._first: str | None = None

    def weigh(self, name: str, source: object, target: object) -> None:
        """Put on one of each side; None where a side has no more."""
        is_same = self._source.add(source) == self._target.add(target)
        if not is_same and self._first is None:
            self._first = name

    @property
    def result(self) -> Compared:
        """What has come of it so far."""
        source, target = self._source, self._target
        return Compared(
            self._kind, source.count, target.count, source.checksum, target.checksum, self._first
        )


class _Pan:
    def __init__(self) -> None:
        self.count = 0
        self._digest = blake2b(digest_size=DIGEST_BYTES)

    def add(self, value: object) -> bytes:
        """Count a value in; its bytes."""
        if value is None:
            return b""
        written = canonical(value)
        self.count += 1
        self._digest.update(len(written).to_bytes(8))
        self._digest.update(written)
        return written

    @property
    def checksum(self) -> str:
        return self._digest.hexdigest()


def canonical(value: object) -> bytes:
    """A value of the domain as bytes: equal values give equal bytes, in any process.

    Times are whole milliseconds; mappings and sets have no order.
    """
    return repr(_plain(value)).encode()


_AS_THEY_ARE: Final = frozenset({type(None), bool, int, float, str})


def _plain(value: Any) -> object:
    """Nothing but lists and what `repr` spells the same everywhere. Most values are plain."""
    return value if type(value) in _AS_THEY_ARE else _taken_apart(value)


def _taken_apart(value: Any) -> object:
    match value:
        case Enum():
            return value.value
        case str():
            return str(value)
        case datetime():
            return (value - _EPOCH) // _MILLISECOND
        case timedelta():
            return value // _MILLISECOND
        case JobPolicy():
            return _of_policy(value)
        case _:
            return _members(value)


def _members(value: Any) -> object:
    match value:
        case list() | tuple():
            return [_plain(item) for item in cast("list[Any]", value)]
        case frozenset() | set():
            return sorted(repr(_plain(item)) for item in cast("set[Any]", value))
        case Mapping():
            pairs = cast("Mapping[str, Any]", value).items()
            return sorted((str(name), _plain(item)) for name, item in pairs)
        case _:
            return _fields(value)


@lru_cache(1_024)
def _of_policy(policy: JobPolicy) -> object:
    """Most jobs share theirs with others."""
    return repr(_fields(policy))


def _fields(value: Any) -> list[object]:
    """An entity or a value object, by its fields."""
    return [_plain(getattr(value, name)) for name in _names(type(value))]  # type: ignore[arg-type]


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in attrs.fields(kind) if not field.metadata.get(BESIDE))
