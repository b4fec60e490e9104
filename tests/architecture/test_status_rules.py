"""The rules about a job's status exist once, in the domain."""

import ast
import asyncio
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from errands import Errands, JobStatus, PermanentFailure, Snooze
from errands.core.domain.job.fields import JobFields
from errands.testing import FakeClock, application, run_until_idle
from tests.architecture.source import (
    PACKAGE,
    STATUS_NAMES,
    modules_below,
    parse,
    place,
    strings_but_docstrings,
)

LIFE = PACKAGE / "core" / "domain" / "job" / "concerns" / "life.py"
FIELDS = PACKAGE / "core" / "domain" / "job" / "fields.py"
ERRORS = PACKAGE / "core" / "domain" / "errors.py"  # Some name a status; they change none.
# Each of these translates between the domain and what a database keeps; add one for a new store.
MAPPING_MODULES = [PACKAGE / "infrastructure" / "persistence" / "sql" / "jobs" / "statuses.py"]


def status_literals(module: Path) -> Iterator[ast.Constant]:
    return (node for node in strings_but_docstrings(parse(module)) if node.value in STATUS_NAMES)


def targets(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Assign():
            return node.targets
        case ast.AugAssign() | ast.AnnAssign() | ast.For() | ast.AsyncFor() | ast.comprehension():
            return [node.target]
        case ast.withitem(optional_vars=ast.expr() as target):
            return [target]
        case ast.Delete():
            return node.targets
        case _:
            return []


def is_a_status_written(node: ast.AST) -> bool:
    """Whether this is `something.status` as a target, whatever that is."""
    match node:
        case ast.Attribute(attr="status", ctx=ast.Store() | ast.Del()):
            return True
        case _:
            return False


def assigns_a_status(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="setattr") | ast.Attribute(attr="__setattr__")):
            return any(isinstance(arg, ast.Constant) and arg.value == "status" for arg in node.args)
        case ast.Call(func=ast.Name(id="evolve") | ast.Attribute(attr="evolve")):
            return any(keyword.arg == "status" for keyword in node.keywords)
        case _:
            return any(
                is_a_status_written(part) for target in targets(node) for part in ast.walk(target)
            )


def test_infrastructure_names_a_status_in_the_mapping_modules_only() -> None:
    literals = [
        f"{place(module, node)} says {node.value!r}"
        for module in modules_below(PACKAGE / "infrastructure")
        if module not in MAPPING_MODULES
        for node in status_literals(module)
    ]

    assert literals == []


@pytest.mark.parametrize("module", MAPPING_MODULES, ids=place)
def test_each_mapping_module_exists(module: Path) -> None:
    assert module.is_file()


async def live() -> None:
    """Jobs that come into every status but that of parents, and out of it."""
    clock = FakeClock()
    async with application("memory://", clock=clock) as app:
        await live_through(app)


async def live_through(app: Errands) -> None:
    queue = app.queue()

    @app.handler("end")
    def end(how: str) -> object:
        if how == "snooze":
            return Snooze(5)
        if how == "fail":
            raise ValueError
        if how == "give up":
            raise PermanentFailure
        return how

    await queue.add_many([("end", how) for how in ("well", "fail", "give up")])
    await queue.add("end", "snooze", max_starts=2)
    cancelled = await queue.add("end", delay=60)
    lapsed = await queue.add("end", delay=60, expires_in=30)
    await cancelled.cancel()
    await run_until_idle(app)
    await queue.retry_many()
    await run_until_idle(app)
    assert (await lapsed.refresh()).status is JobStatus.FAILED


def test_only_one_module_assigns_a_status() -> None:
    assignments = [
        (module, ast.unparse(node))
        for module in modules_below(PACKAGE)
        if module != ERRORS
        for node in ast.walk(parse(module))
        if assigns_a_status(node)
    ]

    assert assignments == [
        (LIFE, "self.status = target"),
        (FIELDS, "twin.status = self.status"),
    ]


def test_no_other_line_changes_a_status_while_jobs_live(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it is spelled like: every write of the field is watched."""
    slot: Any = JobFields.__dict__["status"]
    writers: set[str] = set()

    def write(job: JobFields, status: JobStatus) -> None:
        caller = inspect.stack(context=0)[1].frame.f_code
        writers.add(f"{Path(caller.co_filename).name} {caller.co_name}")
        slot.__set__(job, status)

    monkeypatch.setattr(JobFields, "status", property(slot.__get__, write))
    asyncio.run(live())

    assert {writer for writer in writers if "<attrs generated" not in writer} == {
        "fields.py copy",
        "life.py _move",
    }


@pytest.mark.parametrize(
    "statement",
    [
        "job.status = new",
        "self.status = new",
        "twin.status = self.status",
        "job.status: JobStatus = new",
        "self.job.status, other = new, 1",
        "del job.status",
        "with opened() as job.status: pass",
        "setattr(job, 'status', new)",
        "object.__setattr__(job, 'status', new)",
        "attrs.evolve(job, status=new)",
    ],
)
def test_every_way_to_assign_a_status_is_seen(statement: str) -> None:
    assert any(assigns_a_status(node) for node in ast.walk(ast.parse(statement)))


@pytest.mark.parametrize(
    "statement",
    [
        "if job.status == new: pass",
        "jobs[job.status] = 1",
        "Job(status=new)",
    ],
)
def test_reading_a_status_is_no_assignment(statement: str) -> None:
    assert not any(assigns_a_status(node) for node in ast.walk(ast.parse(statement)))
