"""Processes that fork with an open application: what was acknowledged is there afterwards."""

import asyncio
import sqlite3

import pytest

from errands import Errands
from tests.faults.site import Site, examined
from tests.integration.processes import Program

SHAPES = [
    ("daemon", "at_once"),
    ("daemon", "exit"),
    ("daemon", "shutdown"),
    ("preload",),
    ("shutdown_first",),
    ("generations",),
    ("while_others_write", 4),
]


pytestmark = pytest.mark.timeout(240)


def lines_of(url: str, name: str, *arguments: object, patience: float = 120) -> list[str]:
    """What a program and its children say until the last of them has ended."""
    program = Program(name, url, *arguments, module="tests.faults.forking")
    try:
        lines = list(program.rest(patience))
        program.succeed()
        assert "Traceback" not in program.errors, program.errors
    finally:
        program.close()
    return lines


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "-".join(map(str, shape)))
def test_whatever_parent_and_child_have_added_is_there(
    site: Site, shape: tuple[object, ...]
) -> None:
    lines = lines_of(site.url, *map(str, shape))

    assert jobs_of(site) == added(lines)


def test_children_that_handlers_fork_can_add(site: Site) -> None:
    lines = lines_of(site.url, "from_handlers", 2)

    assert "{0}" in lines
    assert jobs_of(site) == added(lines)


def test_a_child_can_run_a_worker_after_its_parent_did(site: Site) -> None:
    lines = lines_of(site.url, "worker_in_child")

    assert lines.count(str(["plain", "async", "plain"])) == 3
    assert jobs_of(site) == added(lines)


@pytest.mark.long
def test_forks_at_random_beside_writers_and_a_worker_lose_nothing(site: Site) -> None:
    lines = lines_of(site.url, "at_random", 30)

    assert jobs_of(site) == added(lines)


def added(lines: list[str]) -> int:
    """How many adds were acknowledged in all processes."""
    return sum(int(line.split()[1]) for line in lines if line.startswith("added "))


def jobs_of(site: Site) -> int:
    """How many jobs there are in a database that is sound."""
    if site.name == "sqlite":
        with sqlite3.connect(site.url.removeprefix("sqlite:///")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()
    assert asyncio.run(findings(site.url)) == []
    [(count,)] = site.run("SELECT count(*) FROM errands_job")
    return int(count)


async def findings(url: str) -> list[object]:
    """What the doctor says."""
    async with Errands(url) as app:
        return list(examined(app))


@pytest.mark.parametrize("url", ["memory://", "sqlite:///:memory:"])
def test_a_child_is_refused_what_is_in_the_memory_of_its_parent(url: str) -> None:
    assert lines_of(url, "refused") == ["added 1", "OpenAtFork", "added 1"]


def test_a_child_is_refused_a_file_that_another_connection_has_open(url: str) -> None:
    """SQLite in the child would take no locks on it: 39 of 62 adds were lost so."""
    assert lines_of(url, "beside", "open") == ["added 1", "OpenAtFork", "added 1"]


def test_a_child_may_use_a_file_whose_other_connections_were_closed(url: str) -> None:
    assert lines_of(url, "beside", "closed") == ["added 1", "nothing", "added 1"]


def test_a_child_may_use_a_file_once_it_has_closed_what_it_inherited(url: str) -> None:
    """Its own connections get the same descriptors: they were taken for the inherited ones."""
    lines = lines_of(url, "closed_in_the_child")

    assert lines == ["added 1", "OpenAtFork", "nothing", "nothing", "added 1", "nothing", "added 1"]


def test_a_fork_that_cannot_wait_for_a_long_read_has_a_child_that_is_refused(url: str) -> None:
    lines = lines_of(url, "beside_a_long_read")

    assert sorted(lines) == ["OpenAtFork", "added 1", "added 1", "added 1"]


def test_signals_that_raise_around_a_fork_stop_neither_parent_nor_child(site: Site) -> None:
    """An exception within what is called around a fork left locks taken, for ever."""
    program = Program(site.url, 60, module="tests.faults.forking_under_fire")
    try:
        cut, *added_lines = program.rest(120)
        program.succeed()
    finally:
        program.close()

    assert int(cut.removeprefix("cut ")) > 0
    assert jobs_of(site) == added(added_lines)
