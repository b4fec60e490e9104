"""`Errands`: an application's queue, composed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self, TypeVar

import attrs
from dependency_injector import providers

from ...core.application.job_handle import JobHandle
from ...core.application.job_validator import checked_queues
from ...core.application.listeners import Listener, ListenerFunction
from ...core.application.listing import checked_cursor, checked_limit, event_filter, query
from ...core.application.queue import JobPage, Queue
from ...core.application.registry import HandlerFunction, HandlerRegistry, SingleProcessor
from ...core.application.scheduling.scheduler import QueueScheduler
from ...core.application.services import Services
from ...core.application.use_cases import read
from ...core.application.use_cases.read import QueueSummary
from ...core.application.worker.settings import WorkerSettings
from ...core.application.worker.shutdown import on_signals
from ...core.application.worker.worker import Worker
from ...core.domain.errors import InvalidOption, StoreUnavailable, UnknownOption
from ...core.domain.events import EventType
from ...core.domain.job.identity import checked_name
from ...core.domain.job.options import checked_flag
from ...core.domain.job.retry import CustomBackoff
from ...core.ports.job_catalog import JobQuery
from ...core.ports.store import Store
from ..settings import Settings
from .container import Container
from .hard_end import HardEnd
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
            self.container.store.override(providers.Object(_checked_store(store)))  # pyright: ignore[reportUnknownMemberType]
        self.sync = SyncErrands(self.container, resolved)
        self._has_opened = False
        self._wanted_listeners: list[Listener] = []

    @property
    def url(self) -> str:
        """The database, without password."""
        return self._services.store.url

    async def initialize(self) -> Self:
        """Open the database and migrate it, under a lock; feed the listeners.

        Openings are counted, of this side and of `sync` together, in all threads and event
        loops of the process: the first opens, the others share it, and the last `shutdown`
        closes. So a handler, a request or a test may open an application that is open.
        """
        self._has_opened = True
        openings = self.container.openings()
        await openings.begin()
        try:
            await self.container.listeners().begin(self._wanted_listeners)
        except BaseException:
            await openings.end()
            raise
        return self

    async def shutdown(self) -> None:
        """Close the database, if nobody else has it open, when what is under way has ended.

        Harmless where it is not open.
        """
        try:
            await self.container.listeners().end()
        finally:
            await self.container.openings().end()

    async def __aenter__(self) -> Self:
        return await self.initialize()

    async def __aexit__(self, *_: object) -> None:
        await self.shutdown()

    def queue(self, name: str = "default", **defaults: Any) -> Queue:
        """The queue of this name; `defaults` are options for what is added through it."""
        checked = checked_name(name, "queue")
        merged = {**self.settings.queues.get(checked, {}), **defaults}
        return Queue(name, services=self._services, defaults=merged)

    def handler(self, name: str, *, queue: str = "default") -> Callable[[F], F]:
        """Let the decorated function run the jobs of this name.

        `async def f(data, context)`, or a plain function, which runs in a thread; `context`
        may be left out. A type annotation of `data` is what the data is made into. Raises
        `HandlerConflict` for a second handler of the same name.
        """
        owner, handled = checked_name(queue, "queue"), checked_name(name, "name")

        def register(function: F) -> F:
            self._registry.register(owner, handled, function)
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
        checked = checked_name(name, "backoff")

        def register(function: CustomBackoff) -> CustomBackoff:
            self._registry.register_backoff(checked, function)
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
        return self._made_worker(queues, processor, scheduler, settings)

    def _made_worker(
        self,
        queues: str | Iterable[str] | None,
        processor: HandlerFunction | None,
        scheduler: object,
        settings: Mapping[str, Any],
        end_program: Callable[[], None] | None = None,
    ) -> Worker:
        """A worker; one that is a whole program is ended by `end_program` where it is blocked."""
        registry = (
            self._registry if processor is None else SingleProcessor(processor, self._registry)
        )
        return Worker(
            self._served(queues),
            registry,
            services=self._services,
            executor=self.container.executor(),
            settings=self._worker_settings(settings),
            scheduler=self.scheduler() if checked_flag(scheduler, "scheduler") else None,
            chance=self.container.chance(),
            end_program=end_program,
        )

    def scheduler(self) -> QueueScheduler:
        """A scheduler of its own, for workers that run none."""
        return self.container.scheduler()

    async def get(self, job_id: str) -> JobHandle:
        """The one job with this id in any queue. Raises `JobNotFound`, `AmbiguousJobId`."""
        wanted = checked_name(job_id, "job_id")

        def work(uow: Any) -> Any:
            return read.resolve(uow, wanted)

        return JobHandle(await self._services.store.read(work), self._services)

    async def jobs(self, *, after: int | None = None, limit: int = 100, **wanted: Any) -> JobPage:
        """A page of jobs of all queues; conditions as in `Queue.jobs`."""
        asked, most = self._query(wanted), checked_limit(limit)
        cursor = checked_cursor(after)

        def work(uow: Any) -> Any:
            return read.list_jobs(uow, asked, cursor, most)

        page = await self._services.store.read(work, is_large=True)
        return JobPage(tuple(JobHandle(job, self._services) for job in page.jobs), page.next)

    async def queues(self) -> list[QueueSummary]:
        """Every queue that was ever used, with its counts."""
        return await self._services.store.read(read.list_queues, is_large=True)

    def on(
        self, *types: EventType | str, queue: str | None = None
    ) -> Callable[[ListenerFunction], ListenerFunction]:
        """Call the decorated function with every event of these types (none: of all).

        An async function runs on the event loop, a plain one in a thread. A listener is
        fed from the log, at its own pace: it cannot block a worker, and its errors are
        logged.
        """
        wanted = event_filter(queue, None, types)

        def register(function: ListenerFunction) -> ListenerFunction:
            listener = Listener(function, wanted)
            self._wanted_listeners.append(listener)
            if self._has_opened:
                self.container.listeners().add(listener)
            return function

        return register

    def run(self, queues: str | Iterable[str] | None = None, **settings: Any) -> None:
        """Initialize, work until SIGTERM or SIGINT, shut down: a worker program in one call.

        When jobs are given back and something still hangs (a thread, a child that
        `multiprocessing` started, a task that swallows its cancel, a database that does not
        answer), the process is ended after 5 s; so it is, with exit code 1, where the event
        loop is blocked, or where a thread that a handler left is there 5 s after the program
        begins to end. Exit hooks of the program are left to it. Raises `StoreUnavailable` where
        jobs could not be given back.
        """
        end = HardEnd()
        with end.of_loop() as runner:
            runner.run(self._run(queues, settings, end))

    async def _run(
        self, queues: str | Iterable[str] | None, settings: Mapping[str, Any], end: HardEnd
    ) -> None:
        await self.initialize()
        # One more signal, while the database is closed, must not kill what is ending.
        with on_signals(lambda _: None, enabled=True):
            try:
                await self._work(queues, dict(settings), end)
            finally:
                await self.shutdown()

    async def _work(
        self, queues: str | Iterable[str] | None, settings: dict[str, Any], end: HardEnd
    ) -> None:
        processor, scheduler = settings.pop("processor", None), settings.pop("scheduler", True)
        worker = self._made_worker(queues, processor, scheduler, settings, end.at_once)
        exit_code = 1
        try:
            await worker.run()
            if worker.left:
                raise StoreUnavailable(self.url, f"{worker.left} jobs could not be given back")
            exit_code = 0
        finally:
            end.begin(exit_code)

    def _query(self, wanted: dict[str, Any]) -> JobQuery:
        return query(wanted.pop("queue", None), self._services.codec, **wanted)

    @property
    def _services(self) -> Services:
        return self.container.services()

    @property
    def _registry(self) -> HandlerRegistry:
        return self.container.registry()

    def _served(self, queues: str | Iterable[str] | None) -> list[str]:
        named = self._registry.queues() if queues is None else checked_queues(queues)
        if not named:
            raise InvalidOption("queues", "no queue was named and no handler is registered")
        return named

    def _worker_settings(self, given: Mapping[str, Any]) -> WorkerSettings:
        for name in given:
            if not hasattr(self.settings.worker, name):
                raise UnknownOption(name, "is not a setting of a worker")
        wanted = {name: value for name, value in given.items() if value is not None}
        return attrs.evolve(self.settings.worker, **wanted)


def _checked_store(store: object) -> Any:
    """What has all that a `Store` has; others may be made outside of this library."""
    for member in vars(Store):
        if not member.startswith("_") and not hasattr(store, member):
            raise InvalidOption("store", f"{type(store).__name__} has no {member}")
    return store
