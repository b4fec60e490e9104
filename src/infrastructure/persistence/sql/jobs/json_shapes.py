"""The JSON in the columns of a job, held to the types that its readers count on."""

from __future__ import annotations

from typing import Any, Final, TypedDict

import msgspec


class PolicyShape(TypedDict):
    """A policy; spans and moments in milliseconds."""

    max_attempts: int
    backoff: tuple[str, int, float, int, str | None]
    jitter: float
    never: list[str]
    timeout: int | None
    deadline: int | None
    keep_completed: tuple[int | None, int | None]
    keep_failed: tuple[int | None, int | None]
    keep_logs: int
    max_crashes: int
    max_starts: int | None
    max_payload: int


class LabelsShape(TypedDict):
    """Labels."""

    tags: tuple[str, ...]
    metadata: dict[str, Any]
    trace_context: dict[str, str]


FailureShape = tuple[str, str, str, int, int]
"""Type, message, traceback, attempt, moment."""

decode_policy: Final = msgspec.json.Decoder(PolicyShape).decode
decode_labels: Final = msgspec.json.Decoder(LabelsShape).decode
decode_failures: Final = msgspec.json.Decoder(list[FailureShape]).decode
