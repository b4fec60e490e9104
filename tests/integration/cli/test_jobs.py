"""`errands jobs`."""

import pytest

from errands import Errands, JobContext, PermanentFailure
from tests.integration.cli.terminal import Terminal


async def run_two(url: str) -> None:
    """One job that completes at its second attempt, with a log; one that fails for good."""
    app = Errands(url)

    @app.handler("good")
    async def good(data: object, context: JobContext) -> str:
        await context.log("half of it is done")
        if context.attempt == 1:
            raise TimeoutError("too slow")
        return "fine"

    @app.handler("bad")
    async def bad(data: object) -> None:
        raise PermanentFailure("there is no such address")

    async with app, app.worker(poll=0.05):
        queue = app.queue()
        first = await queue.add("good", {"n": 1}, job_id="good", backoff=0, tags=["blue"])
        second = await queue.add("bad", job_id="bad")
        await first.result(timeout=30)
        with pytest.raises(Exception, match="no such address"):
            await second.result(timeout=30)


@pytest.fixture
async def terminal(terminal: Terminal) -> Terminal:
    await run_two(terminal.url)
    return terminal


def ids(terminal: Terminal, *arguments: str) -> list[str]:
    return [job["id"] for job in terminal.run("jobs", "list", "--json", *arguments).json["jobs"]]


def test_a_job_is_shown_with_all_there_is_to_know(terminal: Terminal) -> None:
    shown = terminal.run("jobs", "show", "good")

    assert shown.code == 0
    for part in ("default/good", "completed", "2 of 3 (2 starts)", '"fine"', '{"n": 1}', "blue"):
        assert part in shown.out
    for part in ("Failures", "TimeoutError: too slow", "half of it is done", "History", "ago"):
        assert part in shown.out


def test_a_shown_job_as_json_has_its_logs_and_events(terminal: Terminal) -> None:
    job = terminal.run("jobs", "show", "default/bad", "--json").json

    assert job["status"] == "failed"
    assert job["failures"][0]["message"] == "there is no such address"
    assert [event["type"] for event in job["events"]] == ["added", "active", "failed", "exhausted"]


def test_a_list_holds_what_every_condition_asks_for(terminal: Terminal) -> None:
    assert ids(terminal) == ["bad", "good"]
    assert ids(terminal, "--oldest-first") == ["good", "bad"]
    assert ids(terminal, "--status", "failed", "--status", "active") == ["bad"]
    assert ids(terminal, "--error", "slow") == ["good"]
    assert ids(terminal, "--tag", "blue", "--name", "good", "--queue", "default") == ["good"]
    assert ids(terminal, "--queue", "other") == []


def test_a_list_goes_on_where_the_page_before_ended(terminal: Terminal) -> None:
    first = terminal.run("jobs", "list", "--limit", "1", "--json").json

    assert ids(terminal, "--after", str(first["next"])) == ["good"]
    assert f"--after {first['next']}" in terminal.run("jobs", "list", "--limit", "1").out


def test_jobs_are_retried_cancelled_and_removed(terminal: Terminal) -> None:
    retried = terminal.run("jobs", "retry", "bad", "default/good")
    cancelled = terminal.run("jobs", "cancel", "bad", "--reason", "enough")
    removed = terminal.run("jobs", "remove", "good", "--json")

    assert retried.out == "default/bad waits again\ndefault/good waits again\n"
    assert cancelled.out == "default/bad is cancelled\n"
    assert removed.json == [{"queue": "default", "id": "good", "outcome": "is removed"}]
    (job,) = terminal.run("jobs", "list", "--json").json["jobs"]
    assert (job["id"], job["status"], job["reason"]) == ("bad", "cancelled", "enough")


def test_a_verb_goes_on_behind_the_job_it_fails_for(terminal: Terminal) -> None:
    done = terminal.run("jobs", "cancel", "good", "nobody", "bad")

    assert done.code == 1
    assert "job 'good' is completed: cancel is not allowed" in done.err
    assert "no job 'nobody'" in done.err
    assert done.out == ""


def test_an_id_that_two_queues_use_must_name_one(terminal: Terminal) -> None:
    terminal.run("add", "mail", "--id", "good", "--queue", "a/b")

    bare = terminal.run("jobs", "show", "good")

    assert bare.code == 1
    assert "is used in several queues: 'a/b', 'default'" in bare.err
    assert terminal.run("jobs", "show", "a/b/good", "--json").json["queue"] == "a/b"


def test_an_unknown_job_is_not_found(terminal: Terminal) -> None:
    missing = terminal.run("jobs", "show", "nobody")

    assert (missing.code, missing.err) == (1, "errands: job_id: no job 'nobody'\n")


def test_an_unknown_status_is_wrong_usage(terminal: Terminal) -> None:
    refused = terminal.run("jobs", "list", "--status", "asleep")

    assert refused.code == 2
    assert "is not one of waiting, delayed" in refused.err
