import functools
from typing import Any

import pytest

from errands import HandlerConflict, InvalidOption, JobContext
from errands.core.application.registry import Handler, HandlerRegistry, SingleProcessor


async def with_both(data: int, context: JobContext) -> None: ...


async def with_three(data: int, context: object, other: object = None) -> None: ...


def with_data(data: dict[str, int]) -> None: ...


class Callable:
    async def __call__(self, data: int) -> int:
        return data


def test_a_handler_is_called_the_way_it_wants() -> None:
    both, one = Handler.of(with_both), Handler.of(with_data)

    assert (both.is_async, both.takes_context, both.shape) == (True, True, int)
    assert (one.is_async, one.takes_context, one.shape) == (False, False, dict[str, int])


def test_objects_and_partials_may_be_handlers() -> None:
    assert Handler.of(Callable()).is_async
    assert Handler.of(functools.partial(with_three, context=None)).is_async


def test_a_handler_without_annotations_takes_anything() -> None:
    namespace: dict[str, Any] = {}
    exec("def handle(data): ...", namespace)  # noqa: S102 - checkers refuse it in the open

    assert Handler.of(namespace["handle"]).shape is Any


def with_nothing() -> None: ...


def with_too_much(one: int, two: int, three: int) -> None: ...


@pytest.mark.parametrize("function", [with_nothing, with_too_much])
def test_a_function_with_other_parameters_is_refused(function: Any) -> None:
    with pytest.raises(InvalidOption, match="handler"):
        HandlerRegistry().register("mail", "send", function)
    with pytest.raises(InvalidOption, match="processor"):
        SingleProcessor(function)


def test_parameters_with_defaults_do_not_count() -> None:
    def handle(data: int, context: JobContext, retries: int = 3) -> int:
        return retries

    assert Handler.of(handle).takes_context


def test_handlers_are_found_by_queue_and_name() -> None:
    registry = HandlerRegistry()
    registry.register("mail", "send", with_data)

    assert registry.find("mail", "send") is not None
    assert registry.find("other", "send") is None
    assert registry.queues() == ["mail"]
    assert registry.names() == {"mail": ["send"]}
    with pytest.raises(HandlerConflict):
        registry.register("mail", "send", with_both)
    registry.unregister("mail", "send")
    registry.unregister("mail", "send")
    assert registry.find("mail", "send") is None


def test_a_processor_is_found_for_every_name_and_shares_the_backoffs() -> None:
    shared = HandlerRegistry()
    shared.register_backoff("mine", lambda attempts, error: attempts)
    processor = SingleProcessor(with_data, shared)

    assert processor.find("any", "name") is processor.find("other", "thing")
    assert processor.backoff("mine") is not None
    assert processor.backoff("yours") is None
