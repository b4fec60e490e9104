"""A job that cannot be read, on the command line: listed, named, and removed."""

import sqlite3
from contextlib import closing

import pytest

from errands import Errands
from tests.integration.cli.terminal import Terminal


@pytest.fixture
def terminal(terminal: Terminal) -> Terminal:
    with Errands(terminal.url).sync as app:
        app.queue().add("mail", job_id="ok")
        app.queue().add("mail", job_id="bad")
    with closing(sqlite3.connect(terminal.folder / "errands.db")) as database:
        database.execute("UPDATE errands_job SET policy = 'no json' WHERE id = 'bad'")
        database.commit()
    return terminal


def test_a_list_shows_it_among_the_others(terminal: Terminal) -> None:
    listed = terminal.run("jobs", "list", COLUMNS="160")

    assert listed.code == 0
    assert "ok" in listed.out
    assert "unreadable" in listed.out
    assert "its policy cannot be read: 'no json'" in listed.out


def test_a_list_as_json_names_the_column(terminal: Terminal) -> None:
    bad, ok = terminal.run("jobs", "list", "--json").json["jobs"]

    assert (ok["id"], ok["status"]) == ("ok", "waiting")
    assert (bad["id"], bad["queue"], bad["name"]) == ("bad", "default", "mail")
    assert bad["unreadable"]["columns"] == ["policy"]


def test_data_that_is_no_json_breaks_no_list(terminal: Terminal) -> None:
    with closing(sqlite3.connect(terminal.folder / "errands.db")) as database:
        database.execute("UPDATE errands_job SET policy = NULL, data = '{' WHERE id = 'bad'")
        database.commit()

    bad, ok = terminal.run("jobs", "list", "--json").json["jobs"]

    assert ok["id"] == "ok"
    assert bad["unreadable"]["columns"] == ["data"]


@pytest.mark.parametrize("command", ["show", "cancel", "retry"])
def test_what_needs_it_says_which_column_it_is(terminal: Terminal, command: str) -> None:
    done = terminal.run("jobs", command, "bad")

    assert done.code == 1
    assert "job 'bad' in queue 'default': its policy cannot be read: 'no json'" in done.err


def test_it_can_be_removed(terminal: Terminal) -> None:
    assert terminal.run("db", "doctor").code == 1

    removed = terminal.run("jobs", "remove", "bad")

    assert (removed.code, removed.out.strip()) == (0, "default/bad is removed")
    assert terminal.run("db", "doctor").code == 0
