"""What is refused, at once and by name."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from itertools import count
from typing import Any

import pytest

from errands import (
    Errands,
    InvalidOption,
    InvalidPayload,
    JobNotFound,
    PayloadTooLarge,
    Queue,
    StoreNotOpen,
    UnknownOption,
)
from tests.contract.steps import claim_and_vanish, ids

NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001 - that is what is refused
BAD_OPTIONS: list[tuple[str, Any]] = [
    ("delay", -1),
    ("delay", float("nan")),
    ("delay", float("inf")),
    ("delay", "1"),
    ("delay", 10**12),
    ("run_at", NAIVE),
    ("run_at", 5),
    ("priority", 2**31),
    ("priority", "soon"),
    ("priority", True),
    ("lifo", 1),
    ("max_attempts", 0),
    ("max_attempts", 1.5),
    ("backoff", -1),
    ("backoff", object()),
    ("jitter", 2),
    ("never", "ValueError"),
    ("timeout", 0),
    ("expires_in", 0),
    ("deadline", NAIVE),
    ("keep_completed", -1),
    ("keep_failed", "long"),
    ("keep_logs", -1),
    ("max_crashes", -1),
    ("max_starts", 0),
    ("max_payload", 0),
    ("job_id", ""),
    ("job_id", "  "),
    ("job_id", "x" * 300),
    ("job_id", "a\0b"),
    ("job_id", "\ud800"),
    ("job_id", 7),
    ("tags", "red"),
    ("tags", [""]),
    ("metadata", [1]),
    ("metadata", {1: 2}),
    ("metadata", {"a": float("nan")}),
    ("trace_context", {"a": 1}),
]

BAD_FOR_A_QUEUE: list[tuple[str, Callable[[Any], Awaitable[Any]]]] = [
    ("job_id", lambda queue: queue.get("\ud800")),
    ("job_id", lambda queue: queue.find("")),
    ("after", lambda queue: queue.jobs(after=2**70)),
    ("after", lambda queue: queue.jobs(after="x")),
    ("limit", lambda queue: queue.jobs(limit=0)),
    ("limit", lambda queue: queue.jobs(limit=True)),
    ("status", lambda queue: queue.jobs(status="done")),
    ("status", lambda queue: queue.clean(status="done")),
    ("grace", lambda queue: queue.clean(-1)),
    ("limit", lambda queue: queue.clean(limit=-1)),
    ("before", lambda queue: queue.retry_many(before=NAIVE)),
    ("limit", lambda queue: queue.promote_many(limit="all")),
]

BAD_FOR_A_JOB: list[tuple[str, Callable[[Any], Awaitable[Any]]]] = [
    ("timeout", lambda job: job.result(timeout=-1)),
    ("timeout", lambda job: job.result(timeout=float("nan"))),
    ("delay", lambda job: job.change_delay(-1)),
    ("priority", lambda job: job.change_priority(2**40)),
    ("data", lambda job: job.update_data(float("nan"))),
    ("limit", lambda job: job.logs(limit=0)),
    ("keep", lambda job: job.clear_logs(keep=-1)),
    ("reason", lambda job: job.cancel(reason=5)),
]


@pytest.mark.parametrize(("field", "value"), BAD_OPTIONS, ids=count())
async def test_a_bad_option_is_refused_by_its_name(queue: Queue, field: str, value: Any) -> None:
    with pytest.raises(InvalidOption) as caught:
        await queue.add("send", **{field: value})

    assert caught.value.field == field
    assert field in str(caught.value)
    assert await ids(queue, "waiting") == []


async def test_delay_and_run_at_exclude_each_other(queue: Queue) -> None:
    with pytest.raises(InvalidOption, match="run_at"):
        await queue.add("send", delay=1, run_at=datetime.fromisoformat("2027-01-01T00:00:00Z"))


@pytest.mark.parametrize("option", ["dely", "group", "dedup", "parent", "depends_on"])
async def test_an_unknown_option_is_refused_by_its_name(queue: Queue, option: str) -> None:
    with pytest.raises(UnknownOption) as caught:
        await queue.add("send", **{option: 1})

    assert caught.value.field == option


@pytest.mark.parametrize(
    "data",
    [
        float("nan"),
        {"deep": [1, {"er": float("-inf")}]},
        "a\0b",
        {"key\0": 1},
        "\ud800",
        2**70,
        object(),
        {1, object()},
        [float("nan"), None],
    ],
    ids=count(),
)
async def test_data_that_cannot_be_kept_as_json_is_refused(queue: Queue, data: Any) -> None:
    with pytest.raises(InvalidPayload) as caught:
        await queue.add("send", data)

    assert caught.value.field == "data"
    assert await ids(queue, "waiting") == []


@pytest.mark.parametrize(
    "value", ["\ud800", "\0", "x" * 2_000_000], ids=["surrogate", "nul", "long"]
)
async def test_a_trace_context_that_cannot_be_kept_harms_no_other_add(
    queue: Queue, value: str
) -> None:
    good, refused = await asyncio.gather(
        queue.add("send"),
        queue.add("send", trace_context={"traceparent": value}),
        return_exceptions=True,
    )

    assert not isinstance(good, BaseException)
    assert isinstance(refused, InvalidPayload)
    assert "trace_context" in str(refused)


async def test_metadata_is_what_it_was_when_it_was_given(queue: Queue) -> None:
    given: dict[str, Any] = {"at": date(2024, 2, 29), "to": ["ann"]}

    job = await queue.add("send", metadata=given)
    given["to"].append("bob")

    assert (await job.refresh()).metadata == {"at": "2024-02-29", "to": ["ann"]}


async def test_data_that_contains_itself_is_refused(queue: Queue) -> None:
    endless: list[Any] = []
    endless.append(endless)

    with pytest.raises(InvalidPayload):
        await queue.add("send", endless)


@pytest.mark.parametrize(
    "data",
    [2**63 - 1, 2**64 - 1, -(2**63), "\\u0000", "null", [None, None], "\x1f\u2028"],
    ids=count(),
)
async def test_data_at_the_edge_of_json_comes_back_as_it_was(queue: Queue, data: Any) -> None:
    job = await queue.add("send", data)

    assert (await queue.get(job.id)).data == data


async def test_max_payload_counts_utf8_bytes(queue: Queue) -> None:
    fits = "ü" * 9  # two bytes each, and the quotes

    await queue.add("send", fits, max_payload=20)
    with pytest.raises(PayloadTooLarge) as caught:
        await queue.add("send", fits + "ü", max_payload=20)

    assert caught.value.field == "data"
    assert "22 bytes" in str(caught.value)


async def test_a_payload_over_the_default_bound_is_refused(queue: Queue) -> None:
    with pytest.raises(PayloadTooLarge):
        await queue.add("send", "x" * (1024 * 1024))


@pytest.mark.parametrize("name", ["", " \t", "x" * 300, "a\0b", "\udfff", None, 5], ids=count())
async def test_names_are_refused_alike_everywhere(app: Errands, name: Any) -> None:
    with pytest.raises(InvalidOption) as of_job:
        await app.queue().add(name)
    with pytest.raises(InvalidOption) as of_queue:
        app.queue(name)
    with pytest.raises(InvalidOption) as of_sync_queue:
        app.sync.queue(name)
    with pytest.raises(InvalidOption) as of_handler:
        app.handler(name)(print)
    with pytest.raises(InvalidOption) as of_backoff:
        app.backoff(name)(_no_wait)

    fields = [caught.value.field for caught in (of_job, of_queue, of_sync_queue, of_handler)]
    assert fields == ["name", "queue", "queue", "name"]
    assert of_backoff.value.field == "backoff"


async def test_names_of_255_characters_are_kept(app: Errands) -> None:
    longest = "ü" * 255
    job = await app.queue(longest).add(longest, job_id=longest)

    assert (await app.queue(longest).get(longest)).ref == job.ref


@pytest.mark.parametrize(("field", "ask"), BAD_FOR_A_QUEUE, ids=count())
async def test_bad_arguments_of_a_queue_are_refused_by_name(
    queue: Queue, field: str, ask: Callable[[Queue], Awaitable[Any]]
) -> None:
    with pytest.raises(InvalidOption) as caught:
        await ask(queue)

    assert caught.value.field == field


@pytest.mark.parametrize(("field", "ask"), BAD_FOR_A_JOB, ids=count())
async def test_bad_arguments_of_a_job_are_refused_by_name(
    queue: Queue, field: str, ask: Callable[[Any], Awaitable[Any]]
) -> None:
    job = await queue.add("send", delay=60)

    with pytest.raises(InvalidOption) as caught:
        await ask(job)

    assert caught.value.field == field
    assert (await job.refresh()).status.value == "delayed"


@pytest.mark.parametrize(
    ("field", "settings"),
    [
        ("concurrency", {"concurrency": 0}),
        ("concurrency", {"concurrency": True}),
        ("lease", {"lease": -1}),
        ("renewal", {"lease": 1, "renewal": 1}),
        ("grace", {"grace": float("nan")}),
        ("colour", {"colour": 1}),
    ],
    ids=count(),
)
async def test_bad_settings_of_a_worker_are_refused_by_name(
    app: Errands, field: str, settings: dict[str, Any]
) -> None:
    with pytest.raises(InvalidOption) as caught:
        app.worker("default", **settings)

    assert caught.value.field == field


async def test_a_worker_without_any_queue_is_refused(app: Errands) -> None:
    with pytest.raises(InvalidOption, match="queues"):
        app.worker()


async def test_an_unknown_event_type_is_refused(app: Errands, queue: Queue) -> None:
    with pytest.raises(InvalidOption, match="types"):
        app.on("exploded")(print)
    with pytest.raises(InvalidOption, match="types"):
        _ = [event async for event in queue.events(after=0, types=["exploded"], follow=False)]


async def test_every_verb_on_a_job_that_is_gone_says_so(queue: Queue) -> None:
    job = await queue.add("send")
    await job.remove()

    verbs: list[Callable[[], Awaitable[Any]]] = [
        job.refresh,
        job.cancel,
        job.retry,
        job.promote,
        job.remove,
        job.logs,
        job.clear_logs,
        lambda: job.change_delay(1),
        lambda: job.change_priority(1),
        lambda: job.update_data(1),
        lambda: job.result(timeout=1),
    ]
    for verb in verbs:
        with pytest.raises(JobNotFound) as caught:
            await verb()
        assert caught.value.job_id == job.id


def _no_wait(attempts: int, error: BaseException) -> None: ...


async def test_nothing_works_before_initialize_and_after_shutdown(url: str) -> None:
    app = Errands(url)
    queue = app.queue()

    for _ in range(2):
        with pytest.raises(StoreNotOpen) as caught:
            await queue.add("send")
        assert caught.value.url.split(":")[0] in url
        with pytest.raises(StoreNotOpen):
            await queue.counts()
        with pytest.raises(StoreNotOpen):
            await claim_and_vanish(app)
        async with app:
            await queue.add("send")
