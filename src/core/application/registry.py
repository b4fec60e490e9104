"""Which handler runs which job."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, get_type_hints

import attrs

from ..domain.errors import HandlerConflict, InvalidOption
from ..domain.job.identity import checked_name
from ..domain.job.retry import CustomBackoff

HandlerFunction = Callable[..., Any]


@attrs.frozen(eq=False)
class Handler:
    """A function that runs jobs, and how it wants to be called.

    `shape` is the annotated type of its data. `takes` is the number of its positional
    parameters: (data, context), (data) or (context) for a processor.
    """

    function: HandlerFunction
    is_async: bool
    shape: Any
    takes_data: bool
    takes_context: bool

    @classmethod
    def of(cls, function: HandlerFunction) -> Handler:
        """A handler `f(data, context)` or `f(data)`, sync or async."""
        parameters = _positional(function, "handler")
        if not 1 <= len(parameters) <= 2:
            raise InvalidOption("handler", "must take (data, context) or (data)")
        return cls(
            function,
            _is_async(function),
            _shape(function, parameters[0]),
            True,
            len(parameters) == 2,
        )

    @classmethod
    def of_processor(cls, function: HandlerFunction) -> Handler:
        """A processor `f(context)`, sync or async, for every name."""
        if len(_positional(function, "processor")) != 1:
            raise InvalidOption("processor", "must take (context)")
        return cls(function, _is_async(function), Any, False, True)

    def call(self, data: Any, context: Any) -> Any | Awaitable[Any]:
        """Call the function the way it wants."""
        if not self.takes_data:
            return self.function(context)
        return self.function(data, context) if self.takes_context else self.function(data)


class HandlerRegistry:
    """Handlers by queue and name, and custom backoffs by name.

    A handler may be registered before or while a worker runs.
    """

    def __init__(self) -> None:
        self._handlers: dict[tuple[str, str], Handler] = {}
        self._backoffs: dict[str, CustomBackoff] = {}

    def register(self, queue: str, name: str, function: HandlerFunction) -> None:
        """Let `function` run the jobs of this name. Raises `HandlerConflict` for a second one."""
        key = (checked_name(queue, "queue"), checked_name(name, "name"))
        if key in self._handlers:
            raise HandlerConflict(queue, name)
        self._handlers[key] = Handler.of(function)

    def unregister(self, queue: str, name: str) -> None:
        """Forget a handler; its jobs are put off until one is there again."""
        self._handlers.pop((checked_name(queue, "queue"), checked_name(name, "name")), None)

    def find(self, queue: str, name: str) -> Handler | None:
        """The handler for a job, if this process has one."""
        return self._handlers.get((queue, name))

    def queues(self) -> list[str]:
        """The queues that have a handler, in order of name."""
        return sorted({queue for queue, _ in self._handlers})

    def names(self) -> Mapping[str, list[str]]:
        """The names that are handled, by queue."""
        return {
            queue: sorted(name for owner, name in self._handlers if owner == queue)
            for queue in self.queues()
        }

    def register_backoff(self, name: str, function: CustomBackoff) -> None:
        """Let `function` work out the waits of jobs whose backoff is this name."""
        self._backoffs[checked_name(name, "backoff")] = checked_function(function, "backoff")

    def backoff(self, name: str) -> CustomBackoff | None:
        """The custom backoff of this name, if this process has it."""
        return self._backoffs.get(name)


class SingleProcessor(HandlerRegistry):
    """One processor for whatever name a job has."""

    def __init__(self, function: HandlerFunction, backoffs: HandlerRegistry | None = None) -> None:
        super().__init__()
        self._processor = Handler.of_processor(function)
        self._shared = backoffs

    def find(self, queue: str, name: str) -> Handler | None:  # noqa: ARG002 - one for all
        """The processor."""
        return self._processor

    def backoff(self, name: str) -> CustomBackoff | None:
        """The application's custom backoff of this name."""
        return None if self._shared is None else self._shared.backoff(name)


def checked_function(value: Any, field: str) -> Any:
    """What can be called."""
    if not callable(value):
        raise InvalidOption(field, f"must be a function, not {type(value).__name__}")
    return value


def _positional(function: HandlerFunction, field: str) -> list[inspect.Parameter]:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        signature = inspect.signature(checked_function(function, field))
    except (TypeError, ValueError) as error:
        raise InvalidOption(field, "does not tell which arguments it takes") from error
    parameters = signature.parameters.values()
    return [
        parameter
        for parameter in parameters
        if parameter.kind in kinds and parameter.default is inspect.Parameter.empty
    ]


def _is_async(function: HandlerFunction) -> bool:
    call = getattr(function, "__call__", None)  # noqa: B004 - the method itself is wanted
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def _shape(function: HandlerFunction, parameter: inspect.Parameter) -> Any:
    try:
        hints = get_type_hints(function)
    except (NameError, TypeError):
        return Any
    return hints.get(parameter.name, Any)
