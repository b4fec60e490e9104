"""Values as JSON text, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Codec(Protocol):
    """JSON with its checks.

    Shapes: whatever JSON has, dataclasses, attrs classes, TypedDicts, msgspec Structs,
    pydantic models, datetimes, UUIDs, enums, bytes (as base64).
    """

    def encode(self, value: Any, *, field: str, limit: int) -> str:
        """`value` as JSON text of at most `limit` UTF-8 bytes.

        Raises `InvalidPayload` for NaN, infinity, NUL, lone surrogates, integers beyond
        64 bits, more than 128 levels of arrays and objects, and what has no JSON form;
        `PayloadTooLarge` beyond the limit.
        """
        ...

    def decode(self, text: str) -> Any:
        """The value of a JSON text. Raises a `ValueError` for a text that is none."""
        ...

    def decoder(self, shape: Any) -> Callable[[str], Any]:
        """A function from JSON text to a value of this type.

        It raises `InvalidPayload` for a text that does not fit.
        """
        ...
