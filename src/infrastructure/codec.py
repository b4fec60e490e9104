"""JSON by msgspec, with the checks that a database needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final, cast

import msgspec

from ..core.domain.errors import InvalidPayload, PayloadTooLarge
from ..core.ports.codec import Codec

_decode: Final = msgspec.json.Decoder().decode
_LONG_NUMBER: Final = re.compile(rb"\d{19}")


def _plain(value: object) -> object:
    """JSON types for what msgspec does not know: pydantic models, by their own method."""
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return dump(mode="json")
    raise TypeError(f"{type(value).__name__} has no JSON form")


_encode: Final = msgspec.json.Encoder(enc_hook=_plain).encode


class JsonCodec(Codec):
    """Values as JSON text."""

    def encode(self, value: Any, *, field: str, limit: int) -> str:
        """See the port."""
        if value is None:
            return "null"
        try:
            text = _encode(value)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise InvalidPayload(field, f"cannot be kept as JSON: {error}") from error
        if len(text) > limit:
            raise PayloadTooLarge(field, f"has {len(text)} bytes of JSON, more than {limit}")
        if b"null" in text or b"\\u0000" in text or _LONG_NUMBER.search(text):
            _refuse_what_json_hides(value, text, field)
        return text.decode()

    def decode(self, text: str) -> Any:
        """See the port."""
        return _decode(text)

    def decoder(self, shape: Any) -> Callable[[str], Any]:
        """See the port."""
        return _decoder(shape)


@cache
def _decoder(shape: Any) -> Callable[[str], Any]:
    if shape is Any or shape is object:
        return _decode
    validate = getattr(shape, "model_validate_json", None)
    decode = validate if callable(validate) else msgspec.json.Decoder(shape).decode

    def checked(text: str) -> Any:
        try:
            return decode(text)
        except ValueError as error:
            raise InvalidPayload("data", f"is not a {_name(shape)}: {error}") from error

    return checked


def _name(shape: Any) -> str:
    return str(getattr(shape, "__name__", shape))


def _refuse_what_json_hides(value: object, text: bytes, field: str) -> None:
    """NaN and infinity become null in JSON, NUL and longer integers fit no database."""
    if _LONG_NUMBER.search(text) and _has_huge(_decode(text)):
        raise InvalidPayload(field, "contains an integer beyond 64 bits")
    if b"\\u0000" in text and _has_nul(_decode(text)):
        raise InvalidPayload(field, "contains NUL, which no database text can hold")
    if b"null" in text and _count_nones(msgspec.to_builtins(value, enc_hook=_plain)) != (
        _count_nones(_decode(text))
    ):
        raise InvalidPayload(field, "contains NaN or infinity, which JSON does not have")


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value)
        return any("\0" in key or _has_nul(item) for key, item in pairs.items())
    return any(map(_has_nul, _items(value)))


def _has_huge(value: Any) -> bool:
    if isinstance(value, int):
        return not -(2**63) <= value < 2**64
    if isinstance(value, dict):
        return any(map(_has_huge, cast("dict[str, Any]", value).values()))
    return any(map(_has_huge, _items(value)))


def _count_nones(value: Any) -> int:
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value)
        return sum(map(_count_nones, pairs.values()))
    return int(value is None) + sum(map(_count_nones, _items(value)))


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, list | tuple | set | frozenset):
        return cast("Iterable[Any]", value)
    return ()
