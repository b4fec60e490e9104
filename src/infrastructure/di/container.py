"""What is built from what."""

from __future__ import annotations

import random

from dependency_injector import containers, providers
from dependency_injector.providers import Provider  # noqa: TC002 - read by the container

from ...core.application.adder import Adder
from ...core.application.registry import HandlerRegistry
from ...core.application.results import Results
from ...core.application.scheduler import QueueScheduler
from ...core.application.services import Services
from ...core.application.worker.outcomes import Chance
from ...core.ports.codec import Codec
from ...core.ports.executor import Executor
from ...core.ports.id_generator import IdGenerator
from ...core.ports.store import Store
from ...core.ports.wakeup import Wakeup
from ..codec import JsonCodec
from ..executors.thread_executor import ThreadExecutor
from ..ids import Uuid7Generator
from ..persistence.open_store import Clock, open_store
from ..settings import Settings
from ..wakeups.local_wakeup import LocalWakeup


class Container(containers.DeclarativeContainer):
    """One application's parts.

    A test replaces one in a line, before the application is initialized:
    `app.container.store.override(...)`.
    """

    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)

    clock: Provider[Clock | None] = providers.Object(None)
    chance: Provider[Chance] = providers.Object(random.random)
    codec: Provider[Codec] = providers.Singleton(JsonCodec)
    ids: Provider[IdGenerator] = providers.Singleton(Uuid7Generator)
    wakeup: Provider[Wakeup] = providers.Singleton(LocalWakeup)
    executor: Provider[Executor] = providers.Singleton(ThreadExecutor)
    registry: Provider[HandlerRegistry] = providers.Singleton(HandlerRegistry)
    store: Provider[Store] = providers.Singleton(open_store, settings, clock, wakeup)
    adder: Provider[Adder] = providers.Singleton(Adder, store=store)
    results: Provider[Results] = providers.Singleton(Results, store=store, wakeup=wakeup)
    services: Provider[Services] = providers.Singleton(
        Services,
        store=store,
        wakeup=wakeup,
        codec=codec,
        ids=ids,
        adder=adder,
        results=results,
    )
    scheduler: Provider[QueueScheduler] = providers.Factory(
        QueueScheduler,
        store=store,
        wakeup=wakeup,
        poll=settings.provided.worker.poll,
        keep_events=settings.provided.keep_events,
        retention_every=settings.provided.retention_every,
    )
