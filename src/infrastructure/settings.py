"""Configuration: argument, else environment, else default."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, Self, cast

import attrs

from ..core.application.scheduling.scheduler import KEEP_EVENTS, RETENTION_EVERY
from ..core.application.worker.settings import WorkerSettings
from ..core.domain.errors import InvalidOption, UnknownOption
from ..core.domain.job.durations import Duration, duration
from ..core.domain.job.identity import checked_name
from ..core.domain.job.options import JobOptions, checked_mapping
from ..core.domain.shown import shown

URL_VARIABLE: Final = "JOB_QUEUE_DATABASE_URL"
PREFIX: Final = "ERRANDS_"
DEFAULT_URL: Final = "sqlite:///./errands.db"
NO_DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {}
SYNCHRONOUS: Final = ("NORMAL", "FULL")
MOST_CONNECTIONS: Final = 100
_NAME_RULE: Final = "up to 31 lower-case letters, digits and underscores, no digit first"


def _url(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidOption("url", "must be a database URL")
    return value


def _synchronous(value: object) -> str:
    if not isinstance(value, str) or value.upper() not in SYNCHRONOUS:
        raise InvalidOption("synchronous", f"must be one of {', '.join(SYNCHRONOUS)}")
    return value.upper()


def _busy_timeout(value: Duration) -> timedelta:
    return duration(value, "busy_timeout")


def _keep_events(value: Duration) -> timedelta:
    return duration(value, "keep_events")


def _retention_every(value: Duration) -> timedelta:
    return duration(value, "retention_every", positive=True)


def _flag(value: object) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    if not isinstance(value, bool):
        raise InvalidOption("migrate", "must be true or false")
    return value


def _defaults(value: object) -> Mapping[str, Mapping[str, Any]]:
    if not isinstance(value, Mapping):
        raise InvalidOption("queues", "must map a queue's name to default options")
    given = cast("Mapping[object, object]", value)
    return dict(_defaults_of(name, options) for name, options in given.items())


def _defaults_of(name: object, options: object) -> tuple[str, Mapping[str, Any]]:
    queue = checked_name(name, "queues")
    try:
        checked = checked_mapping(options, "options")
        JobOptions.of(checked)
    except InvalidOption as error:
        raise InvalidOption("queues", f"of {shown(queue)}: {error}") from error
    return queue, checked


def _connections(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_CONNECTIONS:
        raise InvalidOption("connections", f"must be a whole number from 1 to {MOST_CONNECTIONS}")
    return value


def _prefix(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[a-z_][a-z0-9_]{0,30}", value):
        raise InvalidOption("table_prefix", f"must be {_NAME_RULE}")
    return value


def _schema(value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not re.fullmatch(r"[a-z_][a-z0-9_]{0,30}", value):
        raise InvalidOption("schema", f"must be {_NAME_RULE}")
    return value


@attrs.frozen(kw_only=True)
class Settings:
    """How an application is configured.

    `url`: the database. `queues`: default job options by queue. `synchronous`: SQLite's
    durability, NORMAL or FULL. `busy_timeout`: how long a write waits for another writer.
    `migrate`: whether `initialize` may change the schema. For database servers:
    `connections`, the most that a process keeps (one for each unit of work that runs at the
    same time); `schema`, PostgreSQL's schema for the tables, by default the search path's
    first; `table_prefix`, so that several queues fit in one database. The rest are `WorkerSettings`
    and the scheduler's intervals; all times in seconds or timedeltas.

    Environment: `JOB_QUEUE_DATABASE_URL`, and `ERRANDS_` with the field's name in capitals
    for every other field but `queues`.
    """

    url: str = attrs.field(default=DEFAULT_URL, converter=_url)
    queues: Mapping[str, Mapping[str, Any]] = attrs.field(default=NO_DEFAULTS, converter=_defaults)
    synchronous: str = attrs.field(default="NORMAL", converter=_synchronous)
    busy_timeout: timedelta = attrs.field(default=timedelta(seconds=30), converter=_busy_timeout)
    migrate: bool = attrs.field(default=True, converter=_flag)
    connections: int = attrs.field(default=4, converter=_connections)
    schema: str | None = attrs.field(default=None, converter=_schema)
    table_prefix: str = attrs.field(default="errands_", converter=_prefix)
    keep_events: timedelta = attrs.field(default=KEEP_EVENTS, converter=_keep_events)
    retention_every: timedelta = attrs.field(
        default=RETENTION_EVERY,
        converter=_retention_every,
    )
    worker: WorkerSettings = WorkerSettings()

    @classmethod
    def resolve(
        cls, given: Mapping[str, Any], environment: Mapping[str, str] | None = None
    ) -> Self:
        """Settings from arguments (None means not given), environment and defaults.

        Raises `UnknownOption` or `InvalidOption`, naming the field; for a value from the
        environment, the variable.
        """
        known = {*_OWN, *_WORKER}
        for name in given:
            if name not in known:
                raise UnknownOption(name, "is not a setting")
        found = _from_environment(os.environ if environment is None else environment)
        merged = {**found, **{name: value for name, value in given.items() if value is not None}}
        worker = WorkerSettings(**{name: merged[name] for name in _WORKER if name in merged})
        return cls(**{name: merged[name] for name in _OWN if name in merged}, worker=worker)


_WORKER: Final = tuple(field.name for field in attrs.fields(WorkerSettings))
_OWN: Final = tuple(field.name for field in attrs.fields(Settings) if field.name != "worker")
_WORDS: Final = frozenset({"url", "synchronous", "migrate", "schema", "table_prefix"})


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in (*_OWN, *_WORKER):
        variable = URL_VARIABLE if name == "url" else PREFIX + name.upper()
        text = environment.get(variable)
        if text and name != "queues":
            found[name] = text if name in _WORDS else _number(variable, text)
    return found


def _number(variable: str, text: str) -> float | int:
    try:
        return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
    except ValueError:
        raise InvalidOption(variable, f"must be a number, not {shown(text)}") from None


def without_password(url: str) -> str:
    """A URL as it may be shown, also one that is no sound URL.

    Everything from the first colon behind the user's name to the last @ is hidden: a
    password may contain any sign, where somebody forgot to quote it.
    """
    shown = re.sub(r"(^|//)([^/:?#]*:)(?!//).*@", r"\1\2***@", url, flags=re.DOTALL)
    return re.sub(r"(?i)([?&][a-z]*(?:password|passwd|pwd)=)[^&#]*", r"\1***", shown)
