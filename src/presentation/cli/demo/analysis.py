"""What there is in a Python file."""

from __future__ import annotations

import ast
import threading
import time
import warnings
from typing import Final

FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
BRANCHES: Final = (
    ast.If,
    ast.IfExp,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ExceptHandler,
    ast.BoolOp,
    ast.comprehension,
    ast.match_case,
)

# Python before 3.12 counts the depth of all syntax trees under construction in one place, and
# raises SystemError when two threads parse at once. Filters of warnings are shared, too.
_ONE_AT_A_TIME: Final = threading.Lock()


def measure(source: bytes) -> dict[str, float]:
    """Lines, functions, classes and branches of a source file, and the seconds it took.

    Raises `SyntaxError` or `ValueError` for what does not decode or parse.
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        started = time.perf_counter()
        tree = ast.parse(source)
    functions = classes = branches = 0
    for node in ast.walk(tree):
        functions += isinstance(node, FUNCTIONS)
        classes += isinstance(node, ast.ClassDef)
        branches += isinstance(node, BRANCHES)
    return {
        "lines": source.count(b"\n") + (not source.endswith(b"\n")),
        "functions": functions,
        "classes": classes,
        "branches": branches,
        "seconds": round(time.perf_counter() - started, 4),
    }
