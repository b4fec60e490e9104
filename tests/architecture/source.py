"""The source tree, as the architecture tests read it."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src"
MIGRATIONS = ROOT / "migrations"
TESTS = ROOT / "tests"

STATUS_NAMES = frozenset(
    {
        "waiting",
        "delayed",
        "waiting_children",
        "active",
        "completed",
        "failed",
        "cancelled",
    }
)


def modules_below(folder: Path) -> list[Path]:
    """Every Python file below a folder, in a fixed order."""
    return sorted(folder.rglob("*.py"))


def parse(module: Path) -> ast.Module:
    """The syntax tree of one file."""
    return ast.parse(module.read_text(encoding="utf-8"), filename=str(module))


def place(module: Path, node: ast.AST | None = None) -> str:
    """Where something is, as an editor opens it."""
    path = module.relative_to(ROOT).as_posix()
    return path if node is None else f"{path}:{getattr(node, 'lineno', 1)}"


def strings_but_docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    """Every string constant the program uses; a bare string statement documents and is left out."""
    documentation = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in documentation
        ):
            yield node
