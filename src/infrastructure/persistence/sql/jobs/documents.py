"""The columns of a job that hold JSON which this library writes: failures, labels, policy."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Final

import msgspec

from .....core.domain.job.failure import Failure
from .....core.domain.job.options import JobPolicy, Labels
from .....core.domain.job.retention import Keep
from .....core.domain.job.retry import Backoff, BackoffKind, RetryPolicy
from ..times import from_ms, moment, span, to_ms, unspan
from .json_shapes import decode_failures, decode_labels, decode_policy

_encode: Final = msgspec.json.Encoder().encode


def failures_to_text(failures: tuple[Failure, ...]) -> str:
    """Failures as a JSON list of lists."""
    return _encode(
        [(f.type, f.message, f.traceback, f.attempt, to_ms(f.at)) for f in failures]
    ).decode()


def failures_from_text(text: str) -> tuple[Failure, ...]:
    """The failures of such a list."""
    return tuple(
        Failure(kind, message, traceback, attempt, moment(at))
        for kind, message, traceback, attempt, at in decode_failures(text)
    )


def labels_to_text(labels: Labels) -> str:
    """Labels as a JSON object."""
    return _encode(
        {
            "tags": labels.tags,
            "metadata": labels.metadata,
            "trace_context": labels.trace_context,
        }
    ).decode()


def labels_from_text(text: str) -> Labels:
    """The labels of such an object."""
    found = decode_labels(text)
    return Labels(found["tags"], found["metadata"], found["trace_context"])


def _keep_to_json(keep: Keep) -> list[int | None]:
    return [keep.count, span(keep.age)]


def _keep_from_json(value: tuple[int | None, int | None]) -> Keep:
    return Keep(value[0], unspan(value[1]))


@lru_cache(maxsize=1_024)
def policy_to_text(policy: JobPolicy) -> str:
    """A policy as a JSON object, every rule spelt out: later defaults do not change it."""
    retry, backoff = policy.retry, policy.retry.backoff
    return _encode(
        {
            "max_attempts": retry.max_attempts,
            "backoff": [
                backoff.kind.value,
                span(backoff.base),
                backoff.factor,
                span(backoff.cap),
                backoff.name,
            ],
            "jitter": retry.jitter,
            "never": sorted(retry.never),
            "timeout": span(policy.timeout),
            "deadline": to_ms(policy.deadline),
            "keep_completed": _keep_to_json(policy.keep_completed),
            "keep_failed": _keep_to_json(policy.keep_failed),
            "keep_logs": policy.keep_logs,
            "max_crashes": policy.max_crashes,
            "max_starts": policy.max_starts,
            "max_payload": policy.max_payload,
        }
    ).decode()


@lru_cache(maxsize=1_024)
def policy_from_text(text: str) -> JobPolicy:
    """The policy of such an object."""
    found = decode_policy(text)
    kind, base, factor, cap, name = found["backoff"]
    backoff = Backoff(
        BackoffKind(kind), timedelta(milliseconds=base), factor, timedelta(milliseconds=cap), name
    )
    retry = RetryPolicy(found["max_attempts"], backoff, found["jitter"], found["never"])
    return JobPolicy(
        retry=retry,
        timeout=unspan(found["timeout"]),
        deadline=from_ms(found["deadline"]),
        keep_completed=_keep_from_json(found["keep_completed"]),
        keep_failed=_keep_from_json(found["keep_failed"]),
        keep_logs=found["keep_logs"],
        max_crashes=found["max_crashes"],
        max_starts=found["max_starts"],
        max_payload=found["max_payload"],
    )
