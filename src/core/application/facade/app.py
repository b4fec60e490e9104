"""An application: its database, the handlers of its jobs, its listeners, its workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self, TypeVar

import attrs

from ...domain.errors import InvalidOption, UnknownOption
from ...domain.events import EventType
from ...domain.job.identity import checked_name
from ...domain.job.options import checked_flag
from ...domain.job.retry import CustomBackoff
from ...domain.store_errors import StoreUnavailable
from ...ports.process_end import ProcessEnd
from ..job_validator import checked_queues
from ..listeners import Listener, ListenerFunction
from ..listing import event_filter
from ..registry import HandlerFunction, SingleProcessor
from ..scheduling.scheduler import QueueScheduler
from ..worker.settings import WorkerSettings
from ..worker.shutdown import on_signals
from ..worker.worker import Worker
from .client import Client
from .parts import Parts
from .sync_client import SyncErrands

F = TypeVar("F", bound=HandlerFunction)


class App(Client):
    """A `Client` that runs jobs as well, and tells listeners what happened.

    `sync` is the same application without an event loop.
    """

    def __init__(
        self, parts: Parts, *, defaults: Mapping[str, Mapping[str, Any]], worker: WorkerSettings
    ) -> None:
        super().__init__(parts, defaults=defaults)
        self.sync = SyncErrands(parts, defaults=defaults)
        self._worker_settings = worker
        self._has_opened = False
        self._wanted_listeners: list[Listener] = []

    async def initialize(self) -> Self:
        """Open the database and migrate it, under a lock; feed the listeners.

        Openings are counted, async and sync ones together, in all threads and event loops of
        the process: the first opens, the others share it, and the last `shutdown` closes. So a
        handler, a request or a test may open an application that is open.
        """
        self._has_opened = True
        await super().initialize()
        try:
            await self._parts.listeners().begin(self._wanted_listeners)
        except BaseException:
            await super().shutdown()
            raise
        return self

    async def shutdown(self) -> None:
        """Close the database, if nobody else has it open, when what is under way has ended.

        Harmless where it is not open.
        """
        try:
            await self._parts.listeners().end()
        finally:
            await super().shutdown()

    def handler(self, name: str, *, queue: str = "default") -> Callable[[F], F]:
        """Let the decorated function run the jobs of this name.

        `async def f(data, context)`, or a plain function, which runs in a thread; `context`
        may be left out. A type annotation of `data` is what the data is made into. Raises
        `HandlerConflict` for a second handler of the same name.
        """
        owner, handled = checked_name(queue, "queue"), checked_name(name, "name")

        def register(function: F) -> F:
            self._parts.registry().register(owner, handled, function)
            return function

        return register

    def unregister(self, name: str, *, queue: str = "default") -> None:
        """Forget a handler; its jobs wait, put off, until there is one again."""
        self._parts.registry().unregister(queue, name)

    def backoff(self, name: str) -> Callable[[CustomBackoff], CustomBackoff]:
        """Let the decorated function work out the waits of `backoff=name`.

        It is given the attempts made and the error, and returns seconds, a timedelta, or
        None for no further attempt.
        """
        checked = checked_name(name, "backoff")

        def register(function: CustomBackoff) -> CustomBackoff:
            self._parts.registry().register_backoff(checked, function)
            return function

        return register

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
                self._parts.listeners().add(listener)
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

    def scheduler(self) -> QueueScheduler:
        """A scheduler of its own, for workers that run none."""
        return self._parts.scheduler()

    def run(self, queues: str | Iterable[str] | None = None, **settings: Any) -> None:
        """Initialize, work until SIGTERM or SIGINT, shut down: a worker program in one call.

        When jobs are given back and something still hangs (a thread, a child that
        `multiprocessing` started, a task that swallows its cancel, a database that does not
        answer), the process is ended after 5 s; so it is, with exit code 1, where the event
        loop is blocked, or where a thread that a handler left is there 5 s after the program
        begins to end. Exit hooks of the program are left to it. Raises `StoreUnavailable` where
        jobs could not be given back.
        """
        end = self._parts.process_end()
        with end.of_loop() as runner:
            runner.run(self._run(queues, settings, end))

    async def _run(
        self, queues: str | Iterable[str] | None, settings: Mapping[str, Any], end: ProcessEnd
    ) -> None:
        await self.initialize()
        # One more signal, while the database is closed, must not kill what is ending.
        with on_signals(lambda _: None, enabled=True):
            try:
                await self._work(queues, dict(settings), end)
            finally:
                await self.shutdown()

    async def _work(
        self, queues: str | Iterable[str] | None, settings: dict[str, Any], end: ProcessEnd
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

    def _made_worker(
        self,
        queues: str | Iterable[str] | None,
        processor: HandlerFunction | None,
        scheduler: object,
        settings: Mapping[str, Any],
        end_program: Callable[[], None] | None = None,
    ) -> Worker:
        """A worker; one that is a whole program is ended by `end_program` where it is blocked."""
        registry = self._parts.registry()
        return Worker(
            _served(queues, registry.queues),
            registry if processor is None else SingleProcessor(processor, registry),
            services=self._services,
            executor=self._parts.executor(),
            settings=_changed(self._worker_settings, settings),
            scheduler=self.scheduler() if checked_flag(scheduler, "scheduler") else None,
            chance=self._parts.chance(),
            end_program=end_program,
        )


def _served(queues: str | Iterable[str] | None, handled: Callable[[], list[str]]) -> list[str]:
    named = handled() if queues is None else checked_queues(queues)
    if not named:
        raise InvalidOption("queues", "no queue was named and no handler is registered")
    return named


def _changed(settings: WorkerSettings, given: Mapping[str, Any]) -> WorkerSettings:
    for name in given:
        if not hasattr(settings, name):
            raise UnknownOption(name, "is not a setting of a worker")
    wanted = {name: value for name, value in given.items() if value is not None}
    return attrs.evolve(settings, **wanted)
