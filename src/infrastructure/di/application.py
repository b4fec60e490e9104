"""`Errands`: an application's queue, composed."""

from __future__ import annotations

from typing import Any

from dependency_injector import providers

from ...core.application.facade.app import App
from ...core.domain.errors import InvalidOption
from ...core.ports.store import Store
from ..settings import Settings
from .container import Container


class Errands(App):
    """Durable jobs in one database: queues, handlers, workers.

    `url` is `sqlite:///path`, `postgresql://user@host/database`, `mariadb://...`, `mysql://...` or
    `memory://`; without it the environment's
    `JOB_QUEUE_DATABASE_URL`, else `sqlite:///./errands.db`. Other settings are those of
    `Settings`, as keywords. Nothing is opened or created before `initialize()`; as an
    async context manager it initializes and shuts down. Two in one process work.
    """

    def __init__(self, url: str | None = None, *, store: Store | None = None, **settings: Any):
        self.settings = Settings.resolve({"url": url, **settings})
        self.container = Container(settings=self.settings)
        if store is not None:
            self.container.store.override(providers.Object(_checked_store(store)))  # pyright: ignore[reportUnknownMemberType]
        super().__init__(self.container, defaults=self.settings.queues, worker=self.settings.worker)


def _checked_store(store: object) -> Any:
    """What has all that a `Store` has; others may be made outside of this library."""
    for member in vars(Store):
        if not member.startswith("_") and not hasattr(store, member):
            raise InvalidOption("store", f"{type(store).__name__} has no {member}")
    return store
