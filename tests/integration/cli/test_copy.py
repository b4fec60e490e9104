"""`errands db copy`: the whole queue in another database, or a sentence why not."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from errands import Errands
from tests import stores
from tests.integration.cli.houses import KINDS, Houses, houses, live
from tests.integration.cli.terminal import Done, Terminal


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Houses]:
    yield from houses(tmp_path)


@pytest.fixture(params=KINDS)
def target(request: pytest.FixtureRequest, made: Houses) -> str:
    """The URL of an empty database of each kind."""
    if request.param not in stores.chosen():
        pytest.skip(f"left out: no {request.param}")
    return made.new(str(request.param))


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lived") / "errands.db"
    live(f"sqlite:///{path}")
    return path


@pytest.fixture
def source(terminal: Terminal, lived: Path) -> str:
    """The URL of a queue in which jobs are in all kinds of places."""
    shutil.copyfile(lived, terminal.folder / "errands.db")
    return terminal.url


def everything(url: str) -> list[dict[str, Any]]:
    """Every job, as people see it."""
    with Errands(url).sync as app:
        return [job.as_dict() for job in app.jobs(limit=1_000, newest_first=False).jobs]


def is_sound(terminal: Terminal, url: str) -> bool:
    return terminal.run("db", "doctor", "--url", url).code == 0


def test_a_copy_has_everything_and_is_sound(terminal: Terminal, source: str, target: str) -> None:
    before = everything(source)

    copied = terminal.run("db", "copy", source, target)

    assert (copied.code, copied.err) == (0, "")
    assert "copying jobs: 14 of 14" in copied.out
    assert "Copied: 14 jobs" in copied.out
    assert everything(target) == everything(source) == before
    assert is_sound(terminal, target)


def test_logs_and_history_move_too(terminal: Terminal, source: str, made: Houses) -> None:
    target = made.new("sqlite")
    one = next(job["id"] for job in everything(source) if job["status"] == "completed")

    terminal.run("db", "copy", source, target)

    shown = [terminal.run("jobs", "show", one, "--json", "--url", url) for url in (source, target)]
    assert shown[0].json == shown[1].json
    assert "🐘" in shown[1].out


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_moving_from_house_to_house_ends_as_it_began(
    terminal: Terminal, source: str, made: Houses
) -> None:
    servers = [kind for kind in stores.SERVERS if kind in stores.chosen()]
    places = [source, *(made.new(kind) for kind in (*servers, "sqlite"))]

    moves = [terminal.run("db", "copy", one, other, "--json") for one, other in pairwise(places)]

    assert {move.code for move in moves} == {0}
    sums = {
        tuple(kind[f"{side}_checksum"] for kind in move.json["compared"])
        for move in moves
        for side in ("source", "target")
    }
    assert len(sums) == 1
    assert everything(places[-1]) == everything(source)


def test_numbers_and_cursors_go_on(terminal: Terminal, source: str, target: str) -> None:
    with Errands(source).sync as app:
        cursor = [event.id for event in app.queue().events(after=0, follow=False)][-1]
    terminal.run("db", "copy", source, target)

    with Errands(target).sync as app:
        new = app.queue().add("good")
        told = [event.job_id for event in app.queue().events(after=cursor, follow=False)]

    assert told == [new.id]
    assert is_sound(terminal, target)


def test_a_second_copy_does_nothing_and_says_so(
    terminal: Terminal, source: str, made: Houses
) -> None:
    target = made.new("sqlite")
    terminal.run("db", "copy", source, target)

    again = terminal.run("db", "copy", source, target)

    assert again.code == 0
    assert "Nothing to do" in again.out
    assert "copying" not in again.out


def test_programs_get_json_and_nothing_else(terminal: Terminal, source: str, made: Houses) -> None:
    told = terminal.run("db", "copy", source, made.new("sqlite"), "--json").json

    assert told["is_same"]
    assert told["written"]["jobs"] == 14
    kinds = [kind["kind"] for kind in told["compared"]]
    assert kinds == ["jobs", "log lines", "events", "queues", "highest sequence"]


def refused(told: Done, code: int, *parts: str) -> None:
    assert (told.code, told.out) == (code, "")
    for part in parts:
        assert part in told.err


def test_what_is_there_is_neither_touched_nor_mixed(
    terminal: Terminal, source: str, made: Houses
) -> None:
    target = made.new("sqlite")
    live(target, runs=1, waits=0)
    before = everything(target)

    told = terminal.run("db", "copy", source, target)

    refused(told, 1, "it holds 5 jobs", "name an empty database", "--replace")
    assert everything(target) == before


def test_what_is_there_is_replaced_when_asked(terminal: Terminal, source: str, target: str) -> None:
    live(target, runs=1, waits=30)

    replaced = terminal.run("db", "copy", source, target, "--replace")

    assert replaced.code == 0
    assert everything(target) == everything(source)
    assert is_sound(terminal, target)


def test_a_finished_copy_of_what_has_changed_since_is_left_alone(
    terminal: Terminal, source: str, made: Houses
) -> None:
    target = made.new("sqlite")
    terminal.run("db", "copy", source, target)
    terminal.run("add", "good", "--url", source)

    told = terminal.run("db", "copy", source, target)

    refused(told, 1, "one of them has changed since")


@pytest.mark.parametrize("other", ["errands.db", "./errands.db", "link.db"])
def test_a_database_is_not_copied_into_itself(terminal: Terminal, source: str, other: str) -> None:
    (terminal.folder / "link.db").symlink_to(terminal.folder / "errands.db")

    told = terminal.run("db", "copy", source, f"sqlite:///{other}")

    refused(told, 2, "same database")


def test_a_source_that_does_not_exist_is_told_and_nothing_is_made(terminal: Terminal) -> None:
    told = terminal.run("db", "copy", "sqlite:///old.db", "sqlite:///new.db")

    refused(told, 1, "old.db", "it does not exist")
    assert list(terminal.folder.iterdir()) == []


@pytest.mark.parametrize("kind", stores.SERVERS)
def test_a_server_without_a_queue_is_no_source(terminal: Terminal, made: Houses, kind: str) -> None:
    if kind not in stores.chosen():
        pytest.skip(f"left out: no {kind}")

    told = terminal.run("db", "copy", made.new(kind), "sqlite:///new.db")

    refused(told, 1, "needs a migration")
    assert not (terminal.folder / "new.db").exists()


@pytest.mark.parametrize(("revision", "reason"), [("9999", "newer"), (None, "migration")])
def test_a_source_of_another_version_is_left_alone(
    terminal: Terminal, revision: str | None, reason: str
) -> None:
    terminal.run("db", "migrate")
    with closing(sqlite3.connect(terminal.folder / "errands.db")) as database, database:
        if revision is None:
            database.execute("DELETE FROM errands_schema")
        else:
            database.execute("UPDATE errands_schema SET version_num = ?", (revision,))

    told = terminal.run("db", "copy", terminal.url, "sqlite:///new.db")

    refused(told, 1, reason)
    assert not (terminal.folder / "new.db").exists()


@pytest.mark.parametrize("url", ["memory://", "sqlite:///:memory:"])
def test_memory_is_no_place_to_move_to(terminal: Terminal, source: str, url: str) -> None:
    refused(terminal.run("db", "copy", source, url), 2, "is gone when this command ends")


def test_a_password_is_never_shown(terminal: Terminal, source: str) -> None:
    url = "postgresql://ada:secret@127.0.0.1:1/jobs"

    for places in ((source, url), (url, source)):
        told = terminal.run("db", "copy", *places)

        refused(told, 1, "postgresql://ada:***@127.0.0.1:1/jobs")
        assert "secret" not in told.err


def test_a_row_that_cannot_be_read_is_named(terminal: Terminal, source: str, made: Houses) -> None:
    one = everything(source)[3]["id"]
    with closing(sqlite3.connect(terminal.folder / "errands.db")) as database, database:
        database.execute("UPDATE errands_job SET policy = '{}' WHERE id = ?", (one,))

    told = terminal.run("db", "copy", source, made.new("sqlite"))

    assert told.code == 1
    assert one in told.err
