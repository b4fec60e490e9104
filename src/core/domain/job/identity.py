"""Names and ids: what they may be, and how a job is referred to."""

from __future__ import annotations

import attrs

from ..errors import InvalidOption
from . import defaults


def checked_name(value: object, field: str) -> str:
    """`value` if it can be an id or a name, else `InvalidOption` naming `field`.

    A name is 1 to 255 characters, not blank, without NUL and without lone
    surrogates (no database keeps those).
    """
    if not isinstance(value, str):
        raise InvalidOption(field, f"must be a string, not {type(value).__name__}")
    if not value.strip():
        raise InvalidOption(field, "must not be blank")
    if len(value) > defaults.MAX_NAME:
        raise InvalidOption(field, f"has {len(value)} characters, more than {defaults.MAX_NAME}")
    return checked_unicode(value, field)


def checked_unicode(value: str, field: str) -> str:
    """`value` as a plain string, without NUL and lone surrogates."""
    if "\0" in value:
        raise InvalidOption(field, "must not contain NUL")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidOption(field, "must be valid Unicode") from error
    # Drivers know plain strings only; `str(value)` is something else for members of an enum.
    return value if type(value) is str else str.__str__(value)


class JobId(str):
    """A job's id: UUIDv7 text when generated, else any name the caller chose.

    Unique within its queue. Raises `InvalidOption` for what is not a name.
    """

    __slots__ = ()

    def __new__(cls, value: str) -> JobId:
        return super().__new__(cls, checked_name(value, "job_id"))


@attrs.frozen
class JobRef:
    """How a job is referred to everywhere: its queue and its id."""

    queue: str
    id: str

    def __str__(self) -> str:
        return f"{self.queue}/{self.id}"
