"""What is built from what."""

from __future__ import annotations

import random
import threading
from typing import Any, Final

from dependency_injector import containers, providers
from dependency_injector.providers import Provider  # noqa: TC002 - read by the container

from ...core.application.adder import Adder
from ...core.application.at_fork import HeldThroughForks, at_fork
from ...core.application.listeners import Listeners
from ...core.application.outage import Outage
from ...core.application.registry import HandlerRegistry
from ...core.application.result_waiter import ResultWaiter
from ...core.application.scheduling.scheduler import QueueScheduler
from ...core.application.services import Services
from ...core.application.storable_codec import StorableCodec
from ...core.application.worker.execution.outcomes import Chance
from ...core.ports.codec import Codec
from ...core.ports.executor import Executor
from ...core.ports.id_generator import IdGenerator
from ...core.ports.openings import Openings
from ...core.ports.process_end import ProcessEnd
from ...core.ports.store import Store
from ...core.ports.wakeup import Wakeup
from ..codec import JsonCodec
from ..executors.thread_executor import ThreadExecutor
from ..ids import Uuid7Generator
from ..persistence.open_store import Clock, open_store
from ..settings import Settings
from ..wakeups.local_wakeup import LocalWakeup
from .hard_end import HardEnd
from .openings import CountedOpenings


class Once(providers.ThreadSafeSingleton[Any]):
    """Made when it is first asked for, once, whichever thread asks.

    A fork waits until what is being made is made: the child would find the lock taken.
    """

    storage_lock = threading.RLock()


_making: Final = HeldThroughForks(Once.storage_lock)
at_fork(before=_making.take, after_in_parent=_making.release, after_in_child=_making.release)


class Container(containers.DeclarativeContainer):
    """One application's parts.

    A test replaces one in a line, before the application is initialized:
    `app.container.store.override(...)`.
    """

    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)

    clock: Provider[Clock | None] = providers.Object(None)
    chance: Provider[Chance] = providers.Object(random.random)
    codec: Provider[Codec] = Once(JsonCodec)
    ids: Provider[IdGenerator] = Once(Uuid7Generator)
    wakeup: Provider[Wakeup] = Once(LocalWakeup)
    executor: Provider[Executor] = Once(ThreadExecutor)
    registry: Provider[HandlerRegistry] = Once(HandlerRegistry)
    store: Provider[Store] = Once(open_store, settings, clock, wakeup)
    openings: Provider[Openings] = Once(CountedOpenings, store=store, executor=executor)
    outage: Provider[Outage] = Once(Outage)
    listeners: Provider[Listeners] = Once(
        Listeners, store=store, wakeup=wakeup, executor=executor, outage=outage, chance=chance
    )
    adder: Provider[Adder] = Once(Adder, store=store)
    results: Provider[ResultWaiter] = Once(ResultWaiter, store=store, wakeup=wakeup)
    services: Provider[Services] = Once(
        Services,
        store=store,
        wakeup=wakeup,
        codec=Once(StorableCodec, codec, store),
        ids=ids,
        adder=adder,
        results=results,
        outage=outage,
    )
    process_end: Provider[ProcessEnd] = providers.Factory(HardEnd)
    scheduler: Provider[QueueScheduler] = providers.Factory(
        QueueScheduler,
        store=store,
        wakeup=wakeup,
        outage=outage,
        chance=chance,
        poll=settings.provided.worker.poll,
        keep_events=settings.provided.keep_events,
        retention_every=settings.provided.retention_every,
    )
