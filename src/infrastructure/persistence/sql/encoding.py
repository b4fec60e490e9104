"""Values as JSON text, in columns and in parameters."""

from __future__ import annotations

from typing import Final

import msgspec


def _plain(value: object) -> str:
    """Text of a type of its own (a job's id) as plain text."""
    if isinstance(value, str):
        return str(value)
    raise NotImplementedError(type(value).__name__)


_encode: Final = msgspec.json.Encoder(enc_hook=_plain).encode


def json_text(value: object) -> str:
    """A value as JSON."""
    return _encode(value).decode()
