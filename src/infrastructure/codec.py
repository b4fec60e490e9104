"""JSON by msgspec, with the checks that a database needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, Final, cast

import msgspec

from ..core.domain.errors import InvalidPayload, PayloadTooLarge
from ..core.ports.codec import Codec

_decode: Final = msgspec.json.Decoder().decode
DEEPEST: Final = 128
"""Levels of arrays and objects, at most: what can be read again anywhere, as in serde_json."""
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
        if value is None:
            return "null"
        try:
            text = _encode(value)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise InvalidPayload(field, f"cannot be kept as JSON: {error}") from error
        if len(text) > limit:
            raise PayloadTooLarge(field, f"has {len(text)} bytes of JSON, more than {limit}")
        if text.count(b"[") + text.count(b"{") > DEEPEST:
            _refuse_depth(text, field)
        if b"null" in text or b"\\u0000" in text or _LONG_NUMBER.search(text):
            _refuse_what_json_hides(value, text, field)
        return text.decode()

    def decode(self, text: str) -> Any:
        return _decode(text)

    def decoder(self, shape: Any) -> Callable[[str], Any]:
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


def _refuse_depth(text: bytes, field: str) -> None:
    """How deep a decoder can look hangs on the interpreter and on who calls it."""
    deeper = InvalidPayload(field, f"is nested more than {DEEPEST} levels deep")
    try:
        level = [_decode(text)]
    except RecursionError as error:
        raise deeper from error
    for _ in range(DEEPEST):
        level = [item for value in level for item in _items(value) if isinstance(item, dict | list)]
        if not level:
            return
    raise deeper


def _refuse_what_json_hides(value: object, text: bytes, field: str) -> None:
    """NaN and infinity become null in JSON, NUL and longer integers fit no database."""
    if _LONG_NUMBER.search(text) and any(map(_is_huge, _walk(_decode(text)))):
        raise InvalidPayload(field, "contains an integer beyond 64 bits")
    if b"\\u0000" in text and any(map(_has_nul, _walk(_decode(text)))):
        raise InvalidPayload(field, "contains NUL, which no database text can hold")
    if b"null" in text and _nones(_builtins(value, field)) != _nones(_decode(text)):
        raise InvalidPayload(field, "contains NaN or infinity, which JSON does not have")


def _builtins(value: object, field: str) -> object:
    try:
        return msgspec.to_builtins(value, enc_hook=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidPayload(field, f"cannot be kept as JSON: {error}") from error


def _has_nul(value: object) -> bool:
    """The text itself, or that of a key."""
    texts = cast("dict[str, Any]", value) if isinstance(value, dict) else (value,)
    return any(isinstance(text, str) and "\0" in text for text in texts)


def _is_huge(value: object) -> bool:
    return isinstance(value, int) and not -(2**63) <= value < 2**64


def _nones(value: object) -> int:
    return sum(item is None for item in _walk(value))


def _walk(value: object) -> Iterator[object]:
    """The value and all that is in it, at any depth."""
    rest = [value]
    while rest:
        item = rest.pop()
        yield item
        rest += _items(item)


def _items(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values()
    if isinstance(value, list | tuple | set | frozenset):
        return cast("Iterable[object]", value)
    return ()
