"""Adding, and finding again."""

import asyncio

import pytest

from errands import AmbiguousJobId, Errands, InvalidOption, JobNotFound, JobSpec, JobStatus, Queue
from errands.testing import FakeClock
from tests.contract.steps import ids, kinds


async def test_an_added_job_waits_with_its_data_and_labels(queue: Queue, clock: FakeClock) -> None:
    job = await queue.add(
        "send",
        {"to": "ünï \U0001f4a1"},
        tags=["red"],
        metadata={"tenant": 7},
        priority=10,
        max_attempts=5,
    )

    found = await queue.get(job.id)
    assert job.is_new
    assert (found.name, found.queue, found.status) == ("send", "default", JobStatus.WAITING)
    assert found.data == {"to": "ünï \U0001f4a1"}
    assert (found.tags, found.metadata) == (("red",), {"tenant": 7})
    assert (found.priority, found.max_attempts, found.created_at) == (10, 5, clock.now)
    assert found.as_dict() == job.as_dict()


async def test_zero_means_zero(queue: Queue) -> None:
    job = await queue.add("send", 0, delay=0, priority=0, keep_logs=0, backoff=0, max_crashes=0)

    assert (await queue.get(job.id)).data == 0
    assert job.status is JobStatus.WAITING


async def test_the_same_id_again_gives_the_existing_job(queue: Queue) -> None:
    first = await queue.add("send", 1, job_id="mine")
    second = await queue.add("other", 2, job_id="mine", priority=5)

    assert (first.is_new, second.is_new) == (True, False)
    assert (second.name, second.data, second.priority) == ("send", 1, 0)
    assert await kinds(queue) == ["added", "duplicated"]


async def test_one_id_twice_in_one_call_is_one_job(queue: Queue) -> None:
    jobs = await queue.add_many([("a", 1, {"job_id": "x"}), ("b", 2, {"job_id": "x"})])

    assert [job.is_new for job in jobs] == [True, False]
    assert [job.data for job in jobs] == [1, 1]


async def test_many_are_added_in_order(queue: Queue) -> None:
    jobs = await queue.add_many(
        [("a", 1), JobSpec("b", 2, priority=3), ("c", 3, {"job_id": "mine"})]
    )

    assert [(job.name, job.data) for job in jobs] == [("a", 1), ("b", 2), ("c", 3)]
    assert (jobs[1].priority, jobs[2].id) == (3, "mine")
    assert await ids(queue, "waiting") == [job.id for job in jobs]


async def test_more_members_than_a_statement_has_parameters_are_added_at_once(queue: Queue) -> None:
    jobs = await queue.add_many([("a", number) for number in range(2_500)])

    assert len({job.id for job in jobs}) == 2_500
    assert (await queue.counts())[JobStatus.WAITING].value == 2_500


async def test_no_member_adds_nothing(queue: Queue) -> None:
    assert await queue.add_many([]) == []


@pytest.mark.parametrize(
    ("member", "field"),
    [
        (("b", 2, {"delay": -1}), "delay"),
        (("b", 2, {"colour": "red"}), "colour"),
        (("b", float("nan")), "data"),
        (("", 2), "name"),
        ("b", "jobs"),
    ],
)
async def test_an_invalid_member_refuses_the_whole_call(
    queue: Queue, member: tuple[str, int], field: str
) -> None:
    with pytest.raises(InvalidOption) as caught:
        await queue.add_many([("a", 1), ("a", 2), member])

    assert (caught.value.field, caught.value.index) == (field, 2)
    assert await ids(queue, "waiting") == []


async def test_adds_made_together_keep_their_order(queue: Queue) -> None:
    jobs = await asyncio.gather(*(queue.add("a", number) for number in range(50)))

    assert [job.data for job in jobs] == list(range(50))
    assert await ids(queue, "waiting") == [job.id for job in jobs]


async def test_an_invalid_add_does_not_harm_those_made_with_it(queue: Queue) -> None:
    answers = await asyncio.gather(
        queue.add("a", 1), queue.add("a", 2, delay=-1), queue.add("a", 3), return_exceptions=True
    )

    assert isinstance(answers[1], InvalidOption)
    assert len(await ids(queue, "waiting")) == 2


async def test_defaults_of_a_queue_merge_under_the_options_of_a_job(app: Errands) -> None:
    queue = app.queue("mail", priority=7, max_attempts=9)

    job = await queue.add("send", priority=1)

    assert (job.priority, job.max_attempts) == (1, 9)


async def test_get_and_find_look_in_their_own_queue(app: Errands) -> None:
    job = await app.queue("mail").add("send", job_id="x")

    assert (await app.queue("mail").find("x")) is not None
    assert (await app.queue("other").find("x")) is None
    with pytest.raises(JobNotFound) as caught:
        await app.queue("other").get("x")
    assert (caught.value.job_id, caught.value.queue) == ("x", "other")
    assert (await app.get("x")).ref == job.ref


async def test_a_bare_id_of_several_queues_is_ambiguous(app: Errands) -> None:
    await app.queue("mail").add("send", job_id="x")
    await app.queue("letters").add("send", job_id="x")

    with pytest.raises(AmbiguousJobId) as caught:
        await app.get("x")
    assert caught.value.queues == ("letters", "mail")
    with pytest.raises(JobNotFound):
        await app.get("unknown")


async def test_counts_are_by_status(app: Errands, queue: Queue) -> None:
    await queue.add_many([("a", 1), ("a", 2), ("a", 3, {"delay": 60})])
    await app.queue("other").add("a")

    counts = await queue.counts()

    assert counts[JobStatus.WAITING].value == 2
    assert counts[JobStatus.DELAYED].value == 1
    assert all(count.is_exact for count in counts.values())
    assert set(counts) == set(JobStatus)


async def test_pages_are_stable_while_jobs_move_on(queue: Queue) -> None:
    jobs = await queue.add_many([("a", number) for number in range(7)])
    first = await queue.jobs(limit=3)

    await queue.add("a", 99)
    await jobs[1].remove()
    await jobs[2].cancel()
    second = await queue.jobs(limit=3, after=first.next)

    assert [job.data for job in first.jobs] == [6, 5, 4]
    assert [job.data for job in second.jobs] == [3, 2, 0]
    assert second.next is None


async def test_jobs_are_found_by_what_they_carry(app: Errands, queue: Queue) -> None:
    await queue.add("send", 1, tags=["red", "ünï"], metadata={"tenant": "a", "n": 1, "on": True})
    await queue.add("fetch", 2, tags=["blue"], metadata={"tenant": "b", "n": 1.5, "on": None})
    await app.queue("other").add("send", 3, tags=["red"])

    async def found(**wanted: object) -> list[int]:
        page = await queue.jobs(newest_first=False, **wanted)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        return [job.data for job in page.jobs]

    assert await found(name="send") == [1]
    assert await found(tag="ünï") == [1]
    assert await found(tag="re") == []
    assert await found(metadata={"tenant": "b"}) == [2]
    assert await found(metadata={"n": 1}) == [1]
    assert await found(metadata={"on": True}) == [1]
    assert await found(metadata={"on": None}) == [2]
    assert await found(metadata={"off": None}) == []
    assert await found(status=["waiting", "active"]) == [1, 2]
    assert [job.data for job in (await app.jobs(tag="red")).jobs] == [3, 1]


async def test_all_queues_are_listed_with_their_counts(app: Errands) -> None:
    await app.queue("b").add("x")
    await app.queue("a").pause()

    listed = await app.queues()

    assert [(one.name, one.is_paused) for one in listed] == [("a", True), ("b", False)]
    assert listed[1].counts[JobStatus.WAITING].value == 1
