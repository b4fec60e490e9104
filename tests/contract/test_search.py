"""What a search finds: JSON values are equal as JSON has them, text letter by letter."""

from typing import Any, Final

import pytest

from errands import Errands, InvalidOption, Queue


def nested(levels: int, leaf: object) -> object:
    for _ in range(levels):
        leaf = {"in": [leaf]}
    return leaf


DIFFERENT: Final[list[tuple[Any, Any]]] = [
    (True, 1),
    (True, "true"),
    (False, 0),
    (None, "null"),
    (None, False),
    (1, "1"),
    (1.0, 1.0000000000000002),
    (0.1, 0.10000000000000002),
    (2**53, 2**53 + 1),
    (2**53 + 1, 2.0**53),
    (2**63, 2**63 - 1),
    (2**64 - 1, 2.0**64),
    ("a", "A"),
    ("a", "a "),
    ("ä", "a\u0308"),
    ("", None),
    ([1, 2], [2, 1]),
    ([], {}),
    ([1], 1),
    ({"a": 1}, {"a": 1, "b": 2}),
    ({"a": True}, {"a": 1}),
    ([[True]], [[1]]),
    (nested(40, 1), nested(40, True)),
]
SAME: Final[list[tuple[Any, Any]]] = [
    (1, 1.0),
    (0.0, -0.0),
    (0, -0.0),
    (2**53, 2.0**53),
    (2**63, 2.0**63),
    (10**18, 1e18),
    (100, 1e2),
    ({"a": 1, "b": [2, {}]}, {"b": [2.0, {}], "a": 1.0}),
    (nested(40, 1), nested(40, 1.0)),
    (("a",), ["a"]),
]
REFUSED: Final[list[tuple[str, dict[str, Any]]]] = [
    ("metadata", {"metadata": {"k": "\ud800"}}),
    ("metadata", {"metadata": {"\ud800": 1}}),
    ("metadata", {"metadata": {"k": float("nan")}}),
    ("metadata", {"metadata": {"k": 2**64}}),
    ("metadata", {"metadata": {"k": "\0"}}),
    ("metadata", {"metadata": {"k": nested(70, 1)}}),
    ("metadata", {"metadata": {"k": object()}}),
    ("metadata", {"metadata": {1: 1}}),
    ("metadata", {"metadata": [1]}),
    ("error", {"error": "\ud800"}),
    ("error", {"error": "\0"}),
    ("error", {"error": {}}),
    ("error", {"error": "x" * 20_000}),
    ("tag", {"tag": {}}),
    ("tag", {"tag": "\ud800"}),
    ("name", {"name": b"x"}),
    ("name", {"name": 2**70}),
    ("newest_first", {"newest_first": "no"}),
    ("status", {"status": 5}),
    ("status", {"status": {"waiting": 1, "x": 2}}),
]
KEYS: Final = [
    "k", "-", "--", '"', "\\", ".", "$", " ", "", "a b", "ü", "a.b", "$.a", "[0]", "'", "%", "_",
    "\n", "\U0001f4a1", "x" * 500,
]  # fmt: skip


async def data_of(queue: Queue, **wanted: Any) -> list[Any]:
    return [job.data for job in (await queue.jobs(newest_first=False, **wanted)).jobs]


async def test_values_that_json_tells_apart_do_not_find_each_other(app: Errands) -> None:
    for number, (one, other) in enumerate(DIFFERENT):
        queue = app.queue(f"pair {number}")
        carried = [("x", n, {"metadata": {"k": value}}) for n, value in enumerate((one, other))]
        await queue.add_many(carried)

        assert await data_of(queue, metadata={"k": one}) == [0], (one, other)
        assert await data_of(queue, metadata={"k": other}) == [1], (one, other)


async def test_values_that_are_one_in_json_find_each_other(app: Errands) -> None:
    for number, (one, other) in enumerate(SAME):
        queue = app.queue(f"pair {number}")
        carried = [("x", n, {"metadata": {"k": value}}) for n, value in enumerate((one, other))]
        await queue.add_many(carried)

        assert await data_of(queue, metadata={"k": one}) == [0, 1], (one, other)
        assert await data_of(queue, metadata={"k": other}) == [0, 1], (one, other)


async def test_null_is_a_value_and_not_the_absence_of_one(queue: Queue) -> None:
    await queue.add("x", "null", metadata={"k": None})
    await queue.add("x", "absent", metadata={"other": 1})
    await queue.add("x", "nothing at all")

    assert await data_of(queue, metadata={"k": None}) == ["null"]


async def test_any_key_is_found_and_no_other_one(queue: Queue) -> None:
    for number, key in enumerate(KEYS):
        await queue.add("x", number, metadata={key: 1, "nested": {"k": 2}})

    for number, key in enumerate(KEYS):
        assert await data_of(queue, metadata={key: 1}) == [number]
    assert await data_of(queue, metadata={"K": 1}) == []
    assert await data_of(queue, metadata={"k": 2}) == []


async def test_very_many_keys_may_be_asked_for(queue: Queue) -> None:
    many = {f"key {number}": number for number in range(2_000)}
    await queue.add("x", 1, metadata=many)
    await queue.add("x", 2, metadata={**many, "key 1999": True})

    assert await data_of(queue, metadata=many) == [1]


async def test_pages_are_full_although_most_candidates_are_not_meant(queue: Queue) -> None:
    carried = [{"k": {"n": number % 50}} for number in range(500)]
    await queue.add_many([("x", n, {"metadata": one}) for n, one in enumerate(carried)])

    first = await queue.jobs(metadata={"k": {"n": 7.0}}, limit=4, newest_first=False)
    second = await queue.jobs(
        metadata={"k": {"n": 7}}, limit=6, newest_first=False, after=first.next
    )

    assert [job.data for job in first.jobs] == [7, 57, 107, 157]
    assert [job.data for job in second.jobs] == [207, 257, 307, 357, 407, 457]
    assert second.next is None


async def test_names_and_tags_are_compared_letter_by_letter(app: Errands) -> None:
    words = ["a", "A", "a ", "ä", "a\u0308", "%", "_", "ß", "ss"]
    queue = app.queue()
    for word in words:
        await queue.add(word, word, tags=[word, "all"], job_id=word)

    for word in words:
        assert await data_of(queue, name=word) == [word]
        assert await data_of(queue, tag=word) == [word]
        assert (await queue.get(word)).data == word
        assert (await app.get(word)).data == word
    assert await data_of(queue, tag="all") == words


async def test_queues_are_told_apart_letter_by_letter(app: Errands) -> None:
    words = ["a", "A", "a ", "ä", "a\u0308", "%", "ß", "ss"]
    for word in words:
        await app.queue(word).add("x", word)

    assert sorted(one.name for one in await app.queues()) == sorted(words)
    for word in words:
        assert await data_of(app.queue(word)) == [word]
        assert [job.data for job in (await app.jobs(queue=word)).jobs] == [word]


async def test_what_no_job_can_carry_is_refused_by_name(app: Errands) -> None:
    for field, wanted in REFUSED:
        for ask in (app.queue().jobs, app.jobs):
            with pytest.raises(InvalidOption) as caught:
                await ask(**wanted)
            assert caught.value.field == field
        for ask_sync in (app.sync.queue().jobs, app.sync.jobs):
            with pytest.raises(InvalidOption) as caught:
                ask_sync(**wanted)
            assert caught.value.field == field
