"""Who may import what: the rules import-linter has no contract for."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import MIGRATIONS, PACKAGE, TESTS, modules_below, parse, place

ALLOWED_IN_CORE = frozenset({"attr", "attrs"})

LOADED_ONLY_WHEN_USED = frozenset(
    {
        "_sqlite3",
        "alembic",
        "dependency_injector",
        "greenlet",
        "mako",
        "pysqlite3",
        "sqlalchemy",
        "sqlite3",
        "uvloop",
    }
)
LOADED_BY_THE_COMMAND_LINE = frozenset({"cyclopts", "rich"})

# A call to the entry point, whatever way it ends; the modules it loaded are the last line.
SHOW_HELP = """
sys.argv = ["errands", "--help"]
from errands.presentation.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""


def absolute_imports(tree: ast.Module) -> Iterator[tuple[ast.stmt, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node, node.module.partition(".")[0]


def places_importing(folder: Path, unwanted: frozenset[str]) -> list[str]:
    return [
        f"{place(module, node)} imports {name}"
        for module in modules_below(folder)
        for node, name in absolute_imports(parse(module))
        if name in unwanted
    ]


def packages_loaded_by(program: str) -> set[str]:
    script = "\n".join(
        (
            "import json, sys",
            "before = set(sys.modules)",
            program,
            "loaded = {name.partition('.')[0] for name in set(sys.modules) - before}",
            "print()",
            "print(json.dumps(sorted(loaded)))",
        )
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_core_imports_no_third_party_package_but_attrs() -> None:
    strangers = [
        f"{place(module, node)} imports {name}"
        for module in modules_below(PACKAGE / "core")
        for node, name in absolute_imports(parse(module))
        if name not in sys.stdlib_module_names | ALLOWED_IN_CORE
    ]

    assert strangers == []


def test_the_package_imports_itself_relatively() -> None:
    assert places_importing(PACKAGE, frozenset({"errands", "src", "migrations", "tests"})) == []


@pytest.mark.parametrize("folder", [TESTS, MIGRATIONS], ids=lambda folder: folder.name)
def test_nothing_imports_the_package_by_the_name_of_its_folder(folder: Path) -> None:
    assert places_importing(folder, frozenset({"src", "migrations"})) == []


def test_importing_errands_loads_no_database_and_no_command_line() -> None:
    loaded = packages_loaded_by("import errands")

    assert "errands" in loaded
    assert loaded & (LOADED_ONLY_WHEN_USED | LOADED_BY_THE_COMMAND_LINE) == set()


def test_showing_the_help_loads_no_database() -> None:
    loaded = packages_loaded_by(SHOW_HELP)

    assert "cyclopts" in loaded
    assert loaded & LOADED_ONLY_WHEN_USED == set()
