"""`errands db doctor`: sound where all is well, and outspoken where it is not."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from errands import Errands, PermanentFailure
from tests.integration.cli.terminal import Done, Terminal

LONG_AGO: Final = 1_000_000
RUN: Final = "status = 'active', starts = 1, started_at = 5, token = 't'"
ENDS: Final = "worker = 'w', lease_expires_at = 99999999999999"
LEASE: Final = f"{ENDS}, lease_ms = 99999999999999"
FINISHED: Final = "finished_at = 5, starts = 1, attempts_made = 1"
ADDED: Final = "INSERT INTO errands_event (at, type, queue, job_id) VALUES (5, ?, 'default', ?)"

# By rule: what a waiting job is changed to, and what the event log is told of it.
PLANTED: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "run_without_lease": (RUN, ("active",)),
    "half_a_lease": (f"{RUN}, worker = 'w'", ("active",)),
    "never_started": (f"{RUN}, {LEASE}, started_at = NULL", ("active",)),
    "lease_long_over": (f"{RUN}, worker = 'w', lease_expires_at = {LONG_AGO}", ("active",)),
    "lease_too_far_ahead": (f"{RUN}, {ENDS}", ("active",)),
    "lease_without_run": (f"token = 't', {LEASE}", ()),
    "due_without_delay": ("run_at = 5", ()),
    "delayed_for_ever": ("status = 'delayed'", ("delayed",)),
    "not_promoted": (f"status = 'delayed', run_at = {LONG_AGO}", ("delayed",)),
    "not_lapsed": (f"lapses_at = {LONG_AGO}", ()),
    "end_without_time": ("status = 'completed', result = '1'", ("active", "completed")),
    "finished_too_soon": ("finished_at = 5", ()),
    "purged_too_soon": ("purge_at = 99999999999999", ()),
    "end_without_result": (f"status = 'completed', {FINISHED}", ("active", "completed")),
    "end_without_run": (
        "status = 'completed', finished_at = 5, result = '1'",
        ("active", "completed"),
    ),
    "end_without_reason": (f"status = 'failed', {FINISHED}", ("active", "exhausted")),
    "end_without_request": ("status = 'cancelled', finished_at = 5", ("cancelled",)),
    "result_without_end": ("result = '1'", ()),
    "cancel_pending": ("cancel_requested_at = 5, cancel_reason = ''", ()),
    "negative_counter": ("crashes = -1", ()),
    "attempts_beyond_starts": ("attempts_made = 2, starts = 1", ()),
    "number_out_of_range": ("version = 0", ()),
    "beyond_the_counter": ("sequence = 1000000", ()),
    "settled_twice": (
        f"status = 'completed', {FINISHED}, result = '1'",
        ("active", "completed", "completed"),
    ),
    "ran_after_end": (
        f"status = 'completed', {FINISHED}, result = '1'",
        ("active", "completed", "active", "completed"),
    ),
    "retried_alive": ("priority = 0", ("retried",)),
    "claimed_twice": (f"{RUN}, {LEASE}", ("active", "active")),
    "completed_unclaimed": (f"status = 'completed', {FINISHED}, result = '1'", ("completed",)),
    "status_untold": (f"status = 'completed', {FINISHED}, result = '1'", ("active",)),
    "unreadable_status": ("status = 'asleep'", ()),
    "unreadable_policy": ("policy = '{}'", ()),
    "unreadable_labels": ("labels = '[1'", ()),
    "unreadable_failures": ("failures = '{\"a\": 1}'", ()),
    "unreadable_data": ("data = '{\"half'", ()),
    "unreadable_progress": ("progress = 'x'", ()),
    "unreadable_created_at": ("created_at = 'yesterday'", ()),
    "unreadable_run_at": (f"run_at = {2**60}", ()),
    "unreadable_priority": ("priority = 'high'", ()),
}


def opened(folder: Path) -> Any:
    return closing(sqlite3.connect(folder / "errands.db", isolation_level=None))


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """What the doctor says of one file with a job for each rule it breaks."""
    terminal = Terminal(tmp_path_factory.mktemp("planted"))
    with Errands(terminal.url).sync as app:
        app.queue().add_many([("mail", 1, {"job_id": rule}) for rule in PLANTED])
        app.queue().add("mail", job_id="sound")
    with opened(terminal.folder) as database:
        for rule, (changes, told) in PLANTED.items():
            database.execute(f"UPDATE errands_job SET {changes} WHERE id = ?", (rule,))
            database.executemany(ADDED, [(event, rule) for event in told])
    return terminal.run("db", "doctor", "--json")


@pytest.mark.parametrize("rule", PLANTED)
def test_each_broken_rule_is_found(planted: Done, rule: str) -> None:
    found = {(one["id"], one["rule"]) for one in planted.json["findings"]}

    assert planted.code == 1
    assert (rule, rule) in found


def test_a_sound_job_among_broken_ones_is_left_alone(planted: Done) -> None:
    assert "sound" not in {one["id"] for one in planted.json["findings"]}


def test_what_is_only_overdue_is_a_warning(planted: Done) -> None:
    warnings = {one["rule"] for one in planted.json["findings"] if one["severity"] == "warning"}

    assert warnings == {"lease_long_over", "lease_too_far_ahead", "not_promoted", "not_lapsed"}


async def test_a_database_in_use_is_sound(terminal: Terminal) -> None:
    app = Errands(terminal.url)

    @app.handler("good")
    async def good(data: Any) -> Any:
        return data

    @app.handler("bad")
    async def bad(data: Any) -> None:
        raise PermanentFailure("no")

    async with app, app.worker(poll=0.05):
        queue = app.queue()
        done = [await queue.add("good", n) for n in range(20)]
        bad_one = await queue.add("bad")
        await queue.add("good", delay=timedelta(hours=1))
        await (await queue.add("good", delay=60)).cancel("no need")
        for job in done:
            await job.result(timeout=30)
        with pytest.raises(Exception, match="no"):
            await bad_one.result(timeout=30)
        await (await done[0].retry()).result(timeout=30)

    examined = terminal.run("db", "doctor")

    assert (examined.code, examined.err) == (0, "")
    assert "Sound: 23 jobs" in examined.out


def test_what_concerns_no_single_job_is_found(terminal: Terminal) -> None:
    with Errands(terminal.url).sync as app:
        app.queue().add_many([("mail", 1, {"job_id": name}) for name in ("one", "two")])
    with opened(terminal.folder) as database:
        database.execute("DROP INDEX errands_job_id")
        database.execute("UPDATE errands_job SET id = 'one'")
        database.execute("INSERT INTO errands_log VALUES (99, 1, 5, 'a line')")
        database.execute(ADDED, ("exploded", "one"))

    examined = terminal.run("db", "doctor")

    assert examined.code == 1
    for part in ("doubled_id", "no index errands_job_id", "no job (key 99)", "'exploded'"):
        assert part in examined.out


def test_a_damaged_file_is_told_by_its_own_check(terminal: Terminal) -> None:
    with Errands(terminal.url).sync as app:
        app.queue().add_many([("mail", n) for n in range(20)])
    with opened(terminal.folder) as database:
        # An index whose rows are not those that its condition asks for.
        database.execute("PRAGMA writable_schema = 1")
        change = "UPDATE sqlite_master SET sql = replace(sql, 'waiting', 'delayed') WHERE name = ?"
        database.execute(change, ("errands_job_claim",))

    examined = terminal.run("db", "doctor", "--json")

    assert examined.code == 1
    assert "damaged_file" in {one["rule"] for one in examined.json["findings"]}
