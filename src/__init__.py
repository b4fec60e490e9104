"""Errands: durable background jobs in your own database."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .core.application.facade.job_handle import JobHandle as JobHandle
    from .core.application.facade.queue import JobPage as JobPage
    from .core.application.facade.queue import Queue as Queue
    from .core.application.facade.sync_client import SyncErrands as SyncErrands
    from .core.application.facade.sync_job_handle import SyncJobHandle as SyncJobHandle
    from .core.application.facade.sync_queue import SyncJobPage as SyncJobPage
    from .core.application.facade.sync_queue import SyncQueue as SyncQueue
    from .core.application.job_validator import JobSpec as JobSpec
    from .core.application.scheduling.scheduler import QueueScheduler as QueueScheduler
    from .core.application.snapshot import JobSnapshot as JobSnapshot
    from .core.application.worker.execution.job_context import JobContext as JobContext
    from .core.application.worker.execution.sync_job_context import SyncJobContext as SyncJobContext
    from .core.application.worker.settings import WorkerSettings as WorkerSettings
    from .core.application.worker.worker import Worker as Worker
    from .core.domain.errors import AmbiguousJobId as AmbiguousJobId
    from .core.domain.errors import ErrandsError as ErrandsError
    from .core.domain.errors import HandlerConflict as HandlerConflict
    from .core.domain.errors import IllegalTransition as IllegalTransition
    from .core.domain.errors import InvalidOption as InvalidOption
    from .core.domain.errors import InvalidPayload as InvalidPayload
    from .core.domain.errors import JobCancelled as JobCancelled
    from .core.domain.errors import JobFailed as JobFailed
    from .core.domain.errors import JobNotFound as JobNotFound
    from .core.domain.errors import JobRemoved as JobRemoved
    from .core.domain.errors import JobUnreadable as JobUnreadable
    from .core.domain.errors import LeaseLost as LeaseLost
    from .core.domain.errors import PayloadTooLarge as PayloadTooLarge
    from .core.domain.errors import PermanentFailure as PermanentFailure
    from .core.domain.errors import ResultTimeout as ResultTimeout
    from .core.domain.errors import UnknownOption as UnknownOption
    from .core.domain.errors import WorkerStateError as WorkerStateError
    from .core.domain.events import Event as Event
    from .core.domain.events import EventType as EventType
    from .core.domain.job.failure import Failure as Failure
    from .core.domain.job.identity import JobRef as JobRef
    from .core.domain.job.outcome import Cancel as Cancel
    from .core.domain.job.outcome import Release as Release
    from .core.domain.job.outcome import Snooze as Snooze
    from .core.domain.job.priority import Priority as Priority
    from .core.domain.job.retention import Keep as Keep
    from .core.domain.job.retry import Backoff as Backoff
    from .core.domain.job.retry import RetryPolicy as RetryPolicy
    from .core.domain.job.status import JobStatus as JobStatus
    from .core.domain.store_errors import ConnectionRefused as ConnectionRefused
    from .core.domain.store_errors import CopyRefused as CopyRefused
    from .core.domain.store_errors import DifferentDatabase as DifferentDatabase
    from .core.domain.store_errors import InvalidDatabaseUrl as InvalidDatabaseUrl
    from .core.domain.store_errors import MissingDriver as MissingDriver
    from .core.domain.store_errors import NewerSchema as NewerSchema
    from .core.domain.store_errors import OpenAtFork as OpenAtFork
    from .core.domain.store_errors import OutdatedSchema as OutdatedSchema
    from .core.domain.store_errors import SourceChanged as SourceChanged
    from .core.domain.store_errors import StoreBusy as StoreBusy
    from .core.domain.store_errors import StoreCorrupt as StoreCorrupt
    from .core.domain.store_errors import StoreError as StoreError
    from .core.domain.store_errors import StoreFull as StoreFull
    from .core.domain.store_errors import StoreGaveUp as StoreGaveUp
    from .core.domain.store_errors import StoreNotOpen as StoreNotOpen
    from .core.domain.store_errors import StoreReadOnly as StoreReadOnly
    from .core.domain.store_errors import StoreRefused as StoreRefused
    from .core.domain.store_errors import StoreUnavailable as StoreUnavailable
    from .core.domain.store_errors import StoreUnusable as StoreUnusable
    from .core.ports.job_catalog import Count as Count
    from .core.ports.job_logs import LogLine as LogLine
    from .infrastructure.di.application import Errands as Errands
    from .infrastructure.settings import Settings as Settings

__version__ = "0.1.0"

_HOMES: Final = {
    "infrastructure.di.application": ("Errands",),
    "core.application.facade.sync_client": ("SyncErrands",),
    "infrastructure.settings": ("Settings",),
    "core.application.facade.queue": ("Queue", "JobPage"),
    "core.application.facade.sync_queue": ("SyncQueue", "SyncJobPage"),
    "core.application.facade.job_handle": ("JobHandle",),
    "core.application.facade.sync_job_handle": ("SyncJobHandle",),
    "core.application.snapshot": ("JobSnapshot",),
    "core.application.job_validator": ("JobSpec",),
    "core.application.scheduling.scheduler": ("QueueScheduler",),
    "core.application.worker.worker": ("Worker",),
    "core.application.worker.settings": ("WorkerSettings",),
    "core.application.worker.execution.job_context": ("JobContext",),
    "core.application.worker.execution.sync_job_context": ("SyncJobContext",),
    "core.domain.errors": (
        "AmbiguousJobId",
        "ErrandsError",
        "HandlerConflict",
        "IllegalTransition",
        "InvalidOption",
        "InvalidPayload",
        "JobCancelled",
        "JobFailed",
        "JobNotFound",
        "JobRemoved",
        "JobUnreadable",
        "LeaseLost",
        "PayloadTooLarge",
        "PermanentFailure",
        "ResultTimeout",
        "UnknownOption",
        "WorkerStateError",
    ),
    "core.domain.store_errors": (
        "ConnectionRefused",
        "CopyRefused",
        "DifferentDatabase",
        "InvalidDatabaseUrl",
        "MissingDriver",
        "NewerSchema",
        "OpenAtFork",
        "OutdatedSchema",
        "SourceChanged",
        "StoreBusy",
        "StoreCorrupt",
        "StoreError",
        "StoreFull",
        "StoreGaveUp",
        "StoreNotOpen",
        "StoreReadOnly",
        "StoreRefused",
        "StoreUnavailable",
        "StoreUnusable",
    ),
    "core.domain.events": ("Event", "EventType"),
    "core.domain.job.failure": ("Failure",),
    "core.domain.job.identity": ("JobRef",),
    "core.domain.job.outcome": ("Cancel", "Release", "Snooze"),
    "core.domain.job.priority": ("Priority",),
    "core.domain.job.retention": ("Keep",),
    "core.domain.job.retry": ("Backoff", "RetryPolicy"),
    "core.domain.job.status": ("JobStatus",),
    "core.ports.job_catalog": ("Count",),
    "core.ports.job_logs": ("LogLine",),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)  # noqa: PLE0605 # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *_HOME_OF]
