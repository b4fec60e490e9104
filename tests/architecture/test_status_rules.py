"""The rules about a job's status exist once, in the domain."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import (
    PACKAGE,
    STATUS_NAMES,
    modules_below,
    parse,
    place,
    strings_but_docstrings,
)

JOB = PACKAGE / "core" / "domain" / "job" / "job.py"
# Each of these translates between the domain and what a database keeps; add one for a new store.
MAPPING_MODULES = [PACKAGE / "infrastructure" / "persistence" / "sql" / "mapping.py"]


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


def is_a_status_written_from_outside(node: ast.AST) -> bool:
    """Whether this is `something.status` as a target; `self.status` is another object's own."""
    match node:
        case ast.Attribute(value=ast.Name(id="self"), attr="status"):
            return False
        case ast.Attribute(attr="status", ctx=ast.Store() | ast.Del()):
            return True
        case _:
            return False


def assigns_a_status(node: ast.AST) -> bool:
    match node:
        case ast.Assign(value=ast.Attribute(value=ast.Name(id="self"), attr="status")):
            return False
        case ast.Call(func=ast.Name(id="setattr") | ast.Attribute(attr="__setattr__")):
            return any(isinstance(arg, ast.Constant) and arg.value == "status" for arg in node.args)
        case ast.Call(func=ast.Name(id="evolve") | ast.Attribute(attr="evolve")):
            return any(keyword.arg == "status" for keyword in node.keywords)
        case _:
            return any(
                is_a_status_written_from_outside(part)
                for target in targets(node)
                for part in ast.walk(target)
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


def test_only_the_job_assigns_its_status() -> None:
    assignments = [
        place(module, node)
        for module in modules_below(PACKAGE)
        if module != JOB
        for node in ast.walk(parse(module))
        if assigns_a_status(node)
    ]

    assert assignments == []


@pytest.mark.parametrize(
    "statement",
    [
        "job.status = new",
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
        "self.status = status",
        "copy.status = self.status",
        "if job.status == new: pass",
        "jobs[job.status] = 1",
        "Job(status=new)",
    ],
)
def test_reading_a_status_is_no_assignment(statement: str) -> None:
    assert not any(assigns_a_status(node) for node in ast.walk(ast.parse(statement)))
