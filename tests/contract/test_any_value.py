"""Any value for any argument of any public function: it is taken, or refused by its name.

The calls are made from the signatures, so that an argument that is added is asked about too.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final, NamedTuple

import attrs
import pytest

from errands import (
    Backoff,
    Cancel,
    Errands,
    ErrandsError,
    InvalidOption,
    JobCancelled,
    JobContext,
    JobHandle,
    JobSpec,
    Queue,
    RetryPolicy,
    Settings,
    Snooze,
    SyncJobContext,
    SyncJobHandle,
    SyncQueue,
    WorkerSettings,
    WorkerStateError,
)
from errands.core.domain.job.options import KNOWN
from errands.testing import application
from tests.contract.nasty import NASTY

SOUND: Final[Mapping[str, Any]] = {
    "name": "send",
    "job_id": "known",
    "jobs": [],
    "delay": 1,
    "priority": 1,
    "data": 1,
    "value": 1,
    "line": "x",
    "seconds": 0,
    "connection": None,
    "base": 1,
    "function": str.upper,
}
"""What the other arguments are, where one must be given."""
BESIDE: Final[Mapping[str, Mapping[str, Any]]] = {
    "worker": {"queues": "default"},
    "events": {"after": 0, "follow": False},
}
"""What the other arguments are, where their defaults would not do."""
GATHERED: Final[Mapping[str, tuple[str, ...]]] = {
    "options": (*sorted(KNOWN), "colour"),
    "defaults": (),  # asked about as options of an add
    "wanted": ("queue", "status", "name", "tag", "metadata", "error", "newest_first", "colour"),
    "settings": (*(field.name for field in attrs.fields(WorkerSettings)), "colour"),
}
"""What a function takes by `**`."""
ALSO_NAMED: Final[Mapping[tuple[str, str], str]] = {
    ("queue", "name"): "queue",
    ("backoff", "name"): "backoff",
    ("update_progress", "value"): "progress",
    ("save_state", "value"): "state",
    ("complete_in", "result"): "connection",
    ("Backoff", ""): "backoff",
}
"""Where an error names something else than the argument."""
LEFT_OUT: Final = frozenset({(Errands, "run")})
"""It hands its arguments to `worker`, and does not return."""
HARMLESS: Final = (JobCancelled, WorkerStateError)
"""Answers of the jobs and workers asked, whatever the argument."""

WORKER: Final = GATHERED["settings"]
BACKOFFS: Final = (Backoff, Backoff.fixed, Backoff.linear, Backoff.exponential, Backoff.custom)

Answers = dict[tuple[str, str, str], str]
"""What came of each verb, argument and value: `taken`, or the class and field of the error."""


class Case(NamedTuple):
    verb: str
    argument: str
    value: str
    given: Mapping[str, Any]
    spread: tuple[Any, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        return self.verb, self.argument, self.value

    def ask(self, function: Callable[..., Any]) -> Any:
        answer = function(*self.spread, **self.given)
        return answer(SOUND["function"]) if self.verb in ("handler", "on") else answer


def cases_of(verb: str, function: Callable[..., Any]) -> Iterator[Case]:
    """A call with each nasty value for each argument."""
    parameters = inspect.signature(function).parameters
    needed = {name: SOUND[name] for name, one in parameters.items() if _is_needed(one)}
    beside = {name: one for name, one in BESIDE.get(verb, {}).items() if name in parameters}
    for parameter in parameters.values():
        for argument in GATHERED.get(parameter.name, (parameter.name,)):
            for name, value in NASTY.items():
                if parameter.kind is parameter.VAR_POSITIONAL:
                    yield Case(verb, argument, name, {}, (value,))
                else:
                    yield Case(verb, argument, name, {**needed, **beside, argument: value})


def _is_needed(parameter: inspect.Parameter) -> bool:
    return parameter.default is parameter.empty and "VAR" not in parameter.kind.name


def verbs_of(kind: type) -> list[str]:
    return [
        verb
        for verb, function in vars(kind).items()
        if inspect.isfunction(function)
        and not verb.startswith("_")
        and (kind, verb) not in LEFT_OUT
    ]


def told(case: Case, error: Exception) -> str:
    """What an error says of the call; fails for a raw one, and one that names nothing."""
    if isinstance(error, HARMLESS):
        return "taken"
    about = f"{'/'.join(case.key)}: {type(error).__name__}: {str(error)[:200]}"
    assert isinstance(error, ErrandsError), about
    field = str(getattr(error, "field", case.argument))
    also = ALSO_NAMED.get((case.verb, case.argument), ALSO_NAMED.get((case.verb, "")))
    assert field in (case.argument, also), about
    assert field in str(error).lower(), about
    # To the memory store everything is another database, also what is no connection.
    return f"{type(error).__name__.replace('DifferentDatabase', 'ConnectionRefused')}: {field}"


async def answer(case: Case, function: Callable[..., Any]) -> str:
    try:
        answered = case.ask(function)
        if inspect.isawaitable(answered):
            await answered
        elif hasattr(answered, "__anext__"):
            await anext(answered, None)
    except Exception as error:  # noqa: BLE001 - looked at
        return told(case, error)
    return "taken"


def answer_sync(case: Case, function: Callable[..., Any]) -> str:
    try:
        answered = case.ask(function)
        if hasattr(answered, "__next__"):
            next(answered, None)
    except Exception as error:  # noqa: BLE001 - looked at
        return told(case, error)
    return "taken"


async def ask(subject: object) -> Answers:
    verbs = {verb: getattr(subject, verb) for verb in verbs_of(type(subject))}
    cases = [case for verb, function in verbs.items() for case in cases_of(verb, function)]
    return {case.key: await answer(case, verbs[case.verb]) for case in cases}


def ask_sync(subject: object) -> Answers:
    verbs = {verb: getattr(subject, verb) for verb in verbs_of(type(subject))}
    cases = [case for verb, function in verbs.items() for case in cases_of(verb, function)]
    return {case.key: answer_sync(case, verbs[case.verb]) for case in cases}


async def of_applications(app: Errands) -> tuple[Answers, Answers]:
    await app.queue().add("send", job_id="known")
    return await ask(app), await asyncio.to_thread(ask_sync, app.sync)


async def of_queues(app: Errands) -> tuple[Answers, Answers]:
    return await ask(app.queue()), await asyncio.to_thread(ask_sync, app.sync.queue())


async def of_handles(app: Errands) -> tuple[Answers, Answers]:
    found: Answers = {}
    for case in cases_of_handles(JobHandle):
        job = await app.queue().add("send", delay=60)
        if case.verb in ("retry", "result"):
            await job.cancel()
        found[case.key] = await answer(case, getattr(job, case.verb))
    return found, await asyncio.to_thread(of_sync_handles, app.sync.queue())


def of_sync_handles(queue: SyncQueue) -> Answers:
    found: Answers = {}
    for case in cases_of_handles(SyncJobHandle):
        job = queue.add("send", delay=60)
        if case.verb in ("retry", "result"):
            job.cancel()
        found[case.key] = answer_sync(case, getattr(job, case.verb))
    return found


def cases_of_handles(kind: type) -> Iterator[Case]:
    for verb in verbs_of(kind):
        yield from cases_of(verb, partial(getattr(kind, verb), None))


async def of_contexts(app: Errands) -> tuple[Answers, Answers]:
    found: list[Answers] = []

    @app.handler("send")
    async def on_the_loop(_: object, context: JobContext) -> None:
        found.append(await ask(context))

    @app.handler("send-sync")
    def in_a_thread(_: object, context: SyncJobContext) -> None:
        found.append(ask_sync(context))

    async with app.worker("default"):
        for name in ("send", "send-sync"):
            await (await app.queue().add(name, max_attempts=1)).result(timeout=60)
    return found[0], found[1]


@pytest.mark.parametrize("both", [of_applications, of_queues, of_handles, of_contexts])
async def test_it_is_taken_or_refused_by_name_on_every_store_and_by_both_twins(
    app: Errands, both: Callable[[Errands], Awaitable[tuple[Answers, Answers]]]
) -> None:
    found, of_twin = await both(app)

    assert {key: found.get(key, told) for key, told in of_twin.items()} == of_twin
    async with application("memory://") as plain:
        assert (found, of_twin) == await both(plain)


async def test_a_member_of_many_is_taken_or_all_are_refused(queue: Queue) -> None:
    added: list[JobHandle] = []
    for value in NASTY.values():
        for member in (value, (value, 1), ("send", value), ("send", 1, value), JobSpec(value)):
            with suppress(InvalidOption):
                added += await queue.add_many([("send", 1), member])

    page = await queue.jobs(newest_first=False, limit=1_000)
    assert [job.id for job in page.jobs] == [job.id for job in added]


async def test_a_worker_takes_it_or_refuses_it_by_name() -> None:
    async with application("memory://") as app:
        worker = app.worker("default")
        await worker.close()

        await ask(worker)
        for name, value in NASTY.items():
            case = Case("worker", "concurrency", name, {}, (worker, "concurrency", value))
            assert answer_sync(case, setattr) == "InvalidOption: concurrency"


def test_a_setting_is_taken_or_refused_by_name() -> None:
    for setting in ("store", *(field.name for field in attrs.fields(Settings)), *WORKER):
        for name, value in NASTY.items():
            case = Case("Errands", setting, name, {"url": "memory://", setting: value})
            answer_sync(case, Errands)


@pytest.mark.parametrize("kind", [*BACKOFFS, RetryPolicy, Snooze, Cancel])
def test_a_value_object_is_made_or_refused_by_name(kind: Callable[..., Any]) -> None:
    for case in cases_of(kind.__qualname__.partition(".")[0], kind):
        answer_sync(case, kind)


def test_what_is_no_function_is_refused_by_name() -> None:
    app = application("memory://")
    takers: Mapping[str, Callable[[Any], Any]] = {
        "handler": app.handler("send"),
        "backoff": app.backoff("mine"),
        "listener": app.on(),
    }
    for field, taker in takers.items():
        for name in NASTY.keys() - {"class"}:
            case = Case("", field, name, {}, (NASTY[name],))
            assert answer_sync(case, taker) == f"InvalidOption: {field}"


def test_default_options_that_are_none_are_refused_by_the_name_of_their_queue() -> None:
    for options in (*NASTY.values(), {"dely": 1}, {"delay": "soon"}):
        if options is None or options == {}:
            continue
        with pytest.raises(InvalidOption, match="queues: of 'slow': "):
            Errands("memory://", queues={"slow": options})
