"""`Errands`: an application's queue, composed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self, TypeVar

import attrs
from dependency_injector import providers

from ...core.application.job_handle import JobHandle
from ...core.application.listeners import Listener, ListenerFunction, Listeners
from ...core.application.queue import JobPage, Queue
from ...core.application.registry import HandlerFunction, HandlerRegistry, SingleProcessor
from ...core.application.requests import checked_cursor, checked_limit, query
from ...core.application.scheduler import QueueScheduler
from ...core.application.services import Services
from ...core.application.use_cases import look
from ...core.application.use_cases.look import QueueSummary
from ...core.application.worker.settings import WorkerSettings
from ...core.application.worker.worker import Worker
from ...core.domain.errors import InvalidOption, UnknownOption
from ...core.domain.events import EventType
from ...core.domain.job.identity import checked_name
from ...core.domain.job.retry import CustomBackoff
from ...core.ports.store import Store
from ..settings import Settings
from .container import Container
from .synchronous import SyncErrands

F = TypeVar("F", bound=HandlerFunction)


class Errands:
    """Durable jobs in one database: queues, handlers, workers.

    `url` is `sqlite:///path`, `postgresql://user@host/database`, `mariadb://...`, `mysql://...` or
    `memory://`; without it the environment's
    `JOB_QUEUE_DATABASE_URL`, else `sqlite:///./errands.db`. Other settings are those of
    `Settings`, as keywords. Nothing is opened or created before `initialize()`; as an
    async context manager it initializes and shuts down. Two in one process work.
    """

    def __init__(self, url: str | None = None, *, store: Store | None = None, **settings: Any):
        resolved = Settings.resolve({"url": url, **settings})
        self.settings = resolved
        self.container = Container(settings=resolved)
        if store is not None:
            self.container.store.override(providers.Object(store))  # pyright: ignore[reportUnknownMemberType]
        self.sync = SyncErrands(self.container, resolved)
        self._listeners: Listeners | None = None
        self._wanted_listeners: list[Listener] = []

    @property
    def url(self) -> str:
        """The database, without password."""
        return self._services.store.url

    async def initialize(self) -> Self:
        """Open the database and migrate it, under a lock; harmless when repeated."""
        await self._services.store.initialize()
        if self._listeners is None or self._listeners.has_ended:
            services = self._services
            self._listeners = Listeners(store=services.store, wakeup=services.wakeup)
            for listener in self._wanted_listeners:
                self._listeners.add(listener)
        return self

    async def shutdown(self) -> None:
        """Let what is under way end, and close the database; harmless when repeated."""
        if self._listeners is not None:
            await self._listeners.close()
            self._listeners = None
        self.container.executor().close()
        await self._services.store.close()

    async def __aenter__(self) -> Self:
        return await self.initialize()

    async def __aexit__(self, *_: object) -> None:
        await self.shutdown()

    def queue(self, name: str = "default", **defaults: Any) -> Queue:
        """The queue of this name; `defaults` are options for what is added through it."""
        merged = {**self.settings.queues.get(name, {}), **defaults}
        return Queue(name, services=self._services, defaults=merged)

    def handler(self, name: str, *, queue: str = "default") -> Callable[[F], F]:
        """Let the decorated function run the jobs of this name.

        `async def f(data, context)`, or a plain function, which runs in a thread; `context`
        may be left out. A type annotation of `data` is what the data is made into. Raises
        `HandlerConflict` for a second handler of the same name.
        """

        def register(function: F) -> F:
            self._registry.register(queue, name, function)
            return function

        return register

    def unregister(self, name: str, *, queue: str = "default") -> None:
        """Forget a handler; its jobs wait, put off, until there is one again."""
        self._registry.unregister(queue, name)

    def backoff(self, name: str) -> Callable[[CustomBackoff], CustomBackoff]:
        """Let the decorated function work out the waits of `backoff=name`.

        It is given the attempts made and the error, and returns seconds, a timedelta, or
        None for no further attempt.
        """

        def register(function: CustomBackoff) -> CustomBackoff:
            self._registry.register_backoff(name, function)
            return function

        return register

    def worker(
        self,
        queues: str | Iterable[str] | None = None,
        processor: HandlerFunction | None = None,
        *,
        scheduler: bool = True,
        **settings: Any,
    ) -> Worker:
        """A worker for these queues, by default all that have a handler.

        With `processor(context)` that one function runs every job. `settings` are those of
        `WorkerSettings`. It runs a scheduler inside itself unless told not to.
        """
        registry = (
            self._registry if processor is None else SingleProcessor(processor, self._registry)
        )
        return Worker(
            self._served(queues),
            registry,
            services=self._services,
            executor=self.container.executor(),
            settings=self._worker_settings(settings),
            scheduler=self.scheduler() if scheduler else None,
            chance=self.container.chance(),
        )

    def scheduler(self) -> QueueScheduler:
        """A scheduler of its own, for workers that run none."""
        return self.container.scheduler()

    async def get(self, job_id: str) -> JobHandle:
        """The one job with this id in any queue. Raises `JobNotFound`, `AmbiguousJobId`."""
        wanted = checked_name(job_id, "job_id")

        def work(uow: Any) -> Any:
            return look.resolve(uow, wanted)

        return JobHandle(await self._services.store.read(work), self._services)

    async def jobs(self, *, after: int | None = None, limit: int = 100, **wanted: Any) -> JobPage:
        """A page of jobs of all queues; conditions as in `Queue.jobs`."""
        asked, most = query(wanted.pop("queue", None), **wanted), checked_limit(limit)
        cursor = checked_cursor(after)

        def work(uow: Any) -> Any:
            return look.list_jobs(uow, asked, cursor, most)

        page = await self._services.store.read(work, is_large=True)
        return JobPage(tuple(JobHandle(job, self._services) for job in page.jobs), page.next)

    async def queues(self) -> list[QueueSummary]:
        """Every queue that was ever used, with its counts."""
        return await self._services.store.read(look.list_queues, is_large=True)

    def on(
        self, *types: EventType | str, queue: str | None = None
    ) -> Callable[[ListenerFunction], ListenerFunction]:
        """Call the decorated function with every event of these types (none: of all).

        An async function runs on the event loop, a plain one in a thread. A listener is
        fed from the log, at its own pace: it cannot block a worker, and its errors are
        logged.
        """

        def register(function: ListenerFunction) -> ListenerFunction:
            listener = Listener(function, types, queue)
            self._wanted_listeners.append(listener)
            if self._listeners is not None:
                self._listeners.add(listener)
            return function

        return register

    def run(self, queues: str | Iterable[str] | None = None, **settings: Any) -> None:
        """Initialize, work until SIGTERM or SIGINT, shut down: a worker program in one call."""
        asyncio.run(self._run(queues, settings))

    async def _run(self, queues: str | Iterable[str] | None, settings: Mapping[str, Any]) -> None:
        async with self:
            await self.worker(queues, **settings).run()

    @property
    def _services(self) -> Services:
        return self.container.services()

    @property
    def _registry(self) -> HandlerRegistry:
        return self.container.registry()

    def _served(self, queues: str | Iterable[str] | None) -> list[str]:
        if queues is None:
            named = self._registry.queues()
        else:
            named = [queues] if isinstance(queues, str) else list(queues)
        if not named:
            raise InvalidOption("queues", "no queue was named and no handler is registered")
        return list(dict.fromkeys(named))

    def _worker_settings(self, given: Mapping[str, Any]) -> WorkerSettings:
        for name in given:
            if not hasattr(self.settings.worker, name):
                raise UnknownOption(name, "is not a setting of a worker")
        wanted = {name: value for name, value in given.items() if value is not None}
        return attrs.evolve(self.settings.worker, **wanted)
