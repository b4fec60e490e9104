"""`errands db migrate` and `status`, and databases that cannot be used."""

import sqlite3
from contextlib import closing

import pytest

from tests.integration.cli.terminal import Terminal

LOOKING = [
    ("jobs", "list"),
    ("jobs", "show", "one"),
    ("jobs", "cancel", "one"),
    ("queues", "list"),
    ("queues", "pause", "slow"),
    ("db", "doctor"),
]


def test_migrating_makes_the_database_and_may_be_repeated(terminal: Terminal) -> None:
    first = terminal.run("db", "migrate")
    again = terminal.run("db", "migrate")

    assert first.code == again.code == 0
    assert "is now at revision" in first.out
    assert "already" in again.out


def test_the_status_tells_what_the_database_is(terminal: Terminal) -> None:
    terminal.run("add", "mail")

    told = terminal.run("db", "status")
    facts = terminal.run("db", "status", "--json").json

    assert told.code == 0
    assert "up to date" in told.out
    assert "1 job: 1 waiting" in told.out
    assert facts["counts"]["waiting"] == 1
    assert facts["size"] > 0
    assert facts["url"] == terminal.url


def test_the_status_of_nothing_is_no_success(terminal: Terminal) -> None:
    told = terminal.run("db", "status")

    assert told.code == 1
    assert "does not exist" in told.out
    assert list(terminal.folder.iterdir()) == []


@pytest.mark.parametrize("command", LOOKING, ids=" ".join)
def test_looking_creates_no_database(terminal: Terminal, command: tuple[str, ...]) -> None:
    told = terminal.run(*command)

    assert told.code == 1
    assert "it does not exist" in told.err
    assert list(terminal.folder.iterdir()) == []


def test_a_file_without_a_queue_is_left_alone(terminal: Terminal) -> None:
    with closing(sqlite3.connect(terminal.folder / "errands.db")) as database:
        database.execute("CREATE TABLE customer (name TEXT)")

    told = terminal.run("jobs", "list")

    assert told.code == 1
    assert "errands db migrate" in told.err


def test_a_file_of_a_newer_version_is_left_alone(terminal: Terminal) -> None:
    terminal.run("db", "migrate")
    with closing(sqlite3.connect(terminal.folder / "errands.db")) as database, database:
        database.execute("UPDATE errands_schema SET version_num = '9999'")

    told, listed = terminal.run("db", "status"), terminal.run("jobs", "list")

    assert told.code == listed.code == 1
    assert "revision 9999" in told.out
    assert "newer than this version" in listed.err


def test_a_file_that_is_no_database_is_told_as_such(terminal: Terminal) -> None:
    (terminal.folder / "errands.db").write_bytes(b"no database" * 500)

    told = terminal.run("jobs", "list")

    assert told.code == 1
    assert "is not a sound database file" in told.err


def test_the_environment_names_the_database_unless_the_option_does(terminal: Terminal) -> None:
    by_environment = {"JOB_QUEUE_DATABASE_URL": "sqlite:///./mine.db"}

    terminal.run("add", "mail", **by_environment)
    terminal.run("add", "mail", "--url", "sqlite:///./other.db", **by_environment)

    assert {path.name for path in terminal.folder.glob("*.db")} == {"mine.db", "other.db"}


@pytest.mark.parametrize(
    "url",
    [
        "oracle://ada:secret@example.org/jobs",
        "oracle://ada:se/c@ret-secret@example.org/jobs",
        "ada:secret@example.org/jobs",
        "oracle://example.org/jobs?password=secret",
    ],
)
def test_a_password_is_never_shown(terminal: Terminal, url: str) -> None:
    refused = terminal.run("jobs", "list", "--url", url)

    assert refused.code == 2
    assert "not a database URL that Errands can use" in refused.err
    assert "ret" not in refused.err


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:secret@127.0.0.1:1/jobs",
        "mariadb://ada:secret@127.0.0.1:1/jobs",
        "mysql://ada@127.0.0.1:1/jobs?password=secret",
    ],
)
def test_nor_is_that_of_a_server_that_cannot_be_reached(terminal: Terminal, url: str) -> None:
    refused = terminal.run("jobs", "list", "--url", url)

    assert refused.code == 1
    assert "cannot be opened" in refused.err
    assert "ret" not in refused.err


def test_a_directory_that_does_not_exist_is_named(terminal: Terminal) -> None:
    refused = terminal.run("add", "mail", "--url", f"sqlite:///{terminal.folder}/no/jobs.db")

    assert refused.code == 1
    assert f"the directory {terminal.folder}/no does not exist" in refused.err
