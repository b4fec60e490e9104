"""A refused value, as the error that refuses it shows it."""

from __future__ import annotations

import reprlib


def shown(value: object) -> str:
    """A short form of any value; its type, where it has no form that Python can write."""
    try:
        return reprlib.repr(value)
    except Exception:  # noqa: BLE001 - a repr may raise anything, and the refusal is what counts
        return f"this {type(value).__name__}"
