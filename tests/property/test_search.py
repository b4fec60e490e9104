"""Whatever jobs carry and whatever is asked for, every store finds the same jobs."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errands import Errands
from errands.core.application.facade.sync_client import SyncErrands
from errands.core.application.use_cases.settle import Settlement, WorkerCycle, run_cycle
from errands.core.domain.job.failure import ErrorInfo
from errands.core.domain.job.lease import Claim
from errands.core.domain.job.outcome import Fail
from tests import stores
from tests.servers import scratch_of_process

NUMBERS: Final = [0, 1, -1, 10, 12, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, -(2**63)]
FLOATS: Final = [0.0, -0.0, 1.0, 1.0000000000000002, 0.1, 1e22, 5e-324, 1.7976931348623157e308]
POWERS: Final = [2.0**53, 2.0**63, 2.0**64, -(2.0**63)]
WORDS: Final = ["", "1", "true", "null", "a", "A", "a ", "ä", "a\u0308", "%", "_", '"', "\\", "'"]
KEYS: Final = ["k", "K", "-", "--", '"', ".", "$", " ", "", "a b", "ü", "k.k", "$.k", "[0]", "\n"]

scalars: Final = st.none() | st.booleans() | st.sampled_from([*NUMBERS, *FLOATS, *POWERS, *WORDS])
keys: Final = st.sampled_from(KEYS)
values: Final = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=2),
    max_leaves=4,
)
metadata: Final = st.dictionaries(keys, values, max_size=3)
queries: Final = st.dictionaries(keys, values, min_size=1, max_size=2)
pieces: Final = st.text(st.sampled_from('ab :"\\\n%_äA'), max_size=4)
errors: Final = st.tuples(pieces.filter(bool), pieces)


class Searched:
    """The same jobs in every store that is there."""

    def __init__(self, apps: Mapping[str, SyncErrands]) -> None:
        self.apps = apps
        self.queues = count()

    def add(self, carried: Sequence[Mapping[str, Any]]) -> str:
        """Jobs in a new queue, numbered by their data; the queue's name."""
        queue = f"queue-{next(self.queues)}"
        members = [("x", number, options) for number, options in enumerate(carried)]
        for app in self.apps.values():
            app.queue(queue).add_many(members)
        return queue

    def fail(self, queue: str, raised: Sequence[tuple[str, str]]) -> None:
        """Let each job of a queue, in order, fail for good by an error."""
        claim = Claim(queue, len(raised), "worker", "token", timedelta(hours=1))
        for app in self.apps.values():
            store = app._parts.services().store  # pyright: ignore[reportPrivateUsage]
            turn = WorkerCycle(claims=(claim,), free=len(raised))
            claimed = store.transact_sync(partial(run_cycle, cycle=turn)).claimed
            ends = [
                Settlement(job, "token", Fail(ErrorInfo.of(kind, text), is_permanent=True))
                for job, (kind, text) in zip(claimed, raised, strict=True)
            ]
            store.transact_sync(partial(run_cycle, cycle=WorkerCycle(settlements=tuple(ends))))

    def found(self, queue: str, **wanted: Any) -> list[int]:
        """What the query finds, in every store alike, page by page and at once."""
        answers = {name: _found(app, queue, wanted) for name, app in self.apps.items()}
        expected = answers["memory"]
        assert answers == dict.fromkeys(answers, expected)
        return expected


def _found(app: SyncErrands, queue: str, wanted: Mapping[str, Any]) -> list[int]:
    """In pages of one job, which must be those of one page."""
    one_by_one: list[int] = []
    after: int | None = None
    while True:
        page = app.queue(queue).jobs(after=after, limit=1, newest_first=False, **wanted)
        one_by_one += [job.data for job in page.jobs]
        if page.next is None:
            break
        after = page.next
    at_once = app.queue(queue).jobs(newest_first=False, **wanted)
    assert [job.data for job in at_once.jobs] == one_by_one
    return one_by_one


@pytest.fixture(scope="module")
def searched(errands_sqlite_template: Path) -> Iterator[Searched]:
    folder = Path(tempfile.mkdtemp(prefix="errands-search-"))
    shutil.copyfile(errands_sqlite_template, folder / "errands.db")
    urls = {"memory": "memory://", "sqlite": f"sqlite:///{folder / 'errands.db'}"}
    for name in stores.chosen():
        if name in stores.SERVERS:
            urls[name] = scratch_of_process(name).emptied()
    with ExitStack() as stack:
        yield Searched({name: stack.enter_context(Errands(url).sync) for name, url in urls.items()})
    shutil.rmtree(folder)


@given(st.lists(metadata, min_size=1, max_size=5), st.lists(queries, min_size=1, max_size=4))
@settings(max_examples=max(20, settings().max_examples // 3))
def test_every_store_finds_the_same_metadata(
    searched: Searched, carried: list[dict[str, Any]], asked: list[dict[str, Any]]
) -> None:
    queue = searched.add([{"metadata": one} for one in carried])

    for query in asked:
        searched.found(queue, metadata=query)
    for number, one in enumerate(carried):
        assert number in searched.found(queue, metadata=one)


@given(
    st.lists(st.lists(st.sampled_from(WORDS).filter(str.strip), max_size=3), min_size=1, max_size=4)
)
@settings(max_examples=max(15, settings().max_examples // 10))
def test_every_store_finds_the_same_tags(searched: Searched, carried: list[list[str]]) -> None:
    queue = searched.add(
        [{"tags": tags, "metadata": {tag: tag for tag in tags}} for tags in carried]
    )

    for tag in filter(str.strip, WORDS):
        having = [number for number, tags in enumerate(carried) if tag in tags]
        assert searched.found(queue, tag=tag) == having


@given(st.lists(errors, min_size=1, max_size=4), st.lists(pieces, min_size=1, max_size=4))
@settings(max_examples=max(15, settings().max_examples // 10))
def test_every_store_finds_the_same_errors(
    searched: Searched, raised: list[tuple[str, str]], asked: list[str]
) -> None:
    nothing: dict[str, Any] = {}
    queue = searched.add([nothing] * len(raised))
    searched.fail(queue, raised)

    for text in [
        *asked,
        *(f"{kind[-1:]}: {message[:1]}" for kind, message in raised),
        "",
        ": ",
        ":",
    ]:
        lines = [f"{kind}: {message}" if message else kind for kind, message in raised]
        expected = [number for number, line in enumerate(lines) if text in line]
        assert searched.found(queue, error=text) == expected
