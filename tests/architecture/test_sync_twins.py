"""The synchronous side is made from the asynchronous one, and promises the same."""

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from errands import (
    Errands,
    JobContext,
    JobHandle,
    JobPage,
    Queue,
    SyncErrands,
    SyncJobContext,
    SyncJobHandle,
    SyncJobPage,
    SyncQueue,
)
from errands.core.application.event_stream import EventStream
from errands.core.application.facade.client import Client
from errands.core.application.sync_event_stream import SyncEventStream
from tests.architecture.sync_twins import SOURCES, docstring, generated, translated, twin_of

ONLY_ASYNC: dict[type, set[str]] = {
    Errands: {"backoff", "handler", "on", "run", "scheduler", "unregister", "worker"},
}
"""What is for programs that run jobs, which have an event loop."""
ONLY_SYNC: dict[type, set[str]] = {
    SyncJobContext: {"check_cancelled", "is_cancelled", "set_cancelled", "wait"},
}
"""What a handler in a thread asks for, since nothing cancels it."""

TWINS: list[tuple[type, type]] = [
    (Errands, SyncErrands),
    (Queue, SyncQueue),
    (JobPage, SyncJobPage),
    (JobHandle, SyncJobHandle),
    (EventStream, SyncEventStream),
    (JobContext, SyncJobContext),
]
RULES = [
    ("async def f(): pass", "def f(): pass"),
    ("x = await self.store.read(work).get(1)", "x = self.store.read(work).get(1)"),
    ("x = await self.stores[1].of(2).read(work)", "x = self.stores[1].of(2).read_sync(work)"),
    ("x = [await a.read(b) if b else c.read(d)]", "x = [a.read_sync(b) if b else c.read(d)]"),
    ("await a.read(await b.end(), is_large=True)", "a.read_sync(b.end_sync())"),
    ("from .queue import JobPage, queue", "from .sync_queue import SyncJobPage, queue"),
    ("def f(): yield from queue", "def f(): yield from queue"),
    ("f('of `Queue.add`, Queue')", "f('of `SyncQueue.add`, Queue')"),
]


def public(kind: type) -> dict[str, object]:
    """What people call, and what they open and close it with."""
    opening = {"__aenter__": "__enter__", "__aexit__": "__exit__"}
    found = {opening.get(name, name): value for name, value in inspect.getmembers_static(kind)}
    return {
        name: value
        for name, value in found.items()
        if (name[0] != "_" or name in opening.values())
        and (inspect.isfunction(value) or isinstance(value, property))
    }


def promises(kind: type) -> Iterator[tuple[str, object]]:
    for name, value in public(kind).items():
        function = value.fget if isinstance(value, property) else value
        assert inspect.isfunction(function)
        signature = inspect.signature(function)
        yield name, [(one.name, one.kind, one.default) for one in signature.parameters.values()]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_twin_is_what_its_source_makes_of_it(source: Path) -> None:
    is_current = twin_of(source).read_text(encoding="utf-8") == generated(source)

    assert is_current, "run: make generate"


@pytest.mark.parametrize(("code", "expected"), RULES)
def test_code_is_translated_by_its_tokens(code: str, expected: str) -> None:
    assert translated(code) == expected


def test_a_class_says_that_it_is_the_synchronous_one() -> None:
    said = translated('class Queue:\n    """One."""\n\n    def f(self):\n        """Two."""\n')

    assert "    Synchronous: for programs without an event loop, from any thread.\n" in said
    assert said.endswith('        """Two."""\n')


@pytest.mark.parametrize(("original", "twin"), TWINS, ids=lambda kind: kind.__name__)
def test_a_twin_takes_what_its_original_takes(original: type, twin: type) -> None:
    asked, given = dict(promises(original)), dict(promises(twin))
    for name in ONLY_ASYNC.get(original, ()):
        del asked[name]
    for name in ONLY_SYNC.get(twin, ()):
        del given[name]

    assert given == asked


@pytest.mark.parametrize(
    ("original", "twin"), [(Client, SyncErrands), *TWINS[1:]], ids=lambda kind: kind.__name__
)
def test_a_twin_says_what_its_original_says(original: type, twin: type) -> None:
    by_hand = f"See `{original.__name__}."
    said, meant = public(twin), public(original)

    differing = {
        name
        for name in said.keys() & meant.keys()
        if not (inspect.getdoc(said[name]) or "").startswith(by_hand)
        and inspect.getdoc(said[name]) != _translated(inspect.getdoc(meant[name]))
    }

    assert differing == set()


def _translated(text: str | None) -> str | None:
    return None if text is None else docstring(text)
