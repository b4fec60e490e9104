"""The synchronous twins, made from the asynchronous code token by token.

`python -m tests.architecture.sync_twins` brings them up to date. What cannot be told by these
rules is written in the source in a way that can: one name for both sides, one statement more.
"""

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path
from tokenize import TokenInfo
from typing import Final

from tests.architecture.source import PACKAGE

APPLICATION: Final = PACKAGE / "core" / "application"
SOURCES: Final = (
    APPLICATION / "event_stream.py",
    APPLICATION / "facade" / "client.py",
    APPLICATION / "facade" / "job_handle.py",
    APPLICATION / "facade" / "queue.py",
)

NAMES: Final = {
    "AsyncIterator": "Iterator",
    "Client": "SyncErrands",
    "Errands": "SyncErrands",
    "EventStream": "SyncEventStream",
    "JobHandle": "SyncJobHandle",
    "JobPage": "SyncJobPage",
    "Queue": "SyncQueue",
    "WakeEvent": "ThreadWakeEvent",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "run_transactions": "run_transactions_sync",
}
"""Names in the code, and in backticks in docstrings."""

AWAITED: Final = {
    "add": "add_sync",
    "add_all": "add_all_sync",
    "begin": "begin_sync",
    "end": "end_sync",
    "ended": "ended_sync",
    "read": "read_sync",
    "transact": "transact_sync",
    "within_async": "within",
}
"""What is called where the source awaits a method of this name."""

DROPPED: Final = (",", "is_large", "=", "True")
"""An argument that only the asynchronous method takes."""

MODULES: Final = {
    "wake_event": "thread_wake_event",
    **{source.stem: f"sync_{source.stem}" for source in SOURCES},
}
"""Modules that are imported from."""

PHRASES: Final = {
    "Connection, Session, AsyncConnection or AsyncSession": "Connection or Session",
}
"""What docstrings say of one side only."""

HEADER: Final = "# Generated from {name}: change that, then run `make generate`.\n"
PROMISE: Final = "\n\n    Synchronous: for programs without an event loop, from any thread.\n    "

Edit = tuple[tuple[int, int], tuple[int, int], str]


def twin_of(source: Path) -> Path:
    """Where the twin of a module is kept."""
    return source.with_name(f"sync_{source.name}")


def generated(source: Path) -> str:
    """The twin of a module as it must be."""
    text = HEADER.format(name=source.name) + translated(source.read_text(encoding="utf-8"))
    sorted_imports = _by_ruff("check", "--quiet", "--select=I", "--fix", text=text, source=source)
    return _by_ruff("format", text=sorted_imports, source=source)


def translated(text: str) -> str:
    """The code, synchronous, laid out as it was."""
    lines = text.splitlines(keepends=True)
    for (row, column), (end_row, end_column), new in sorted(_edits(text), reverse=True):
        before, after = lines[row - 1][:column], lines[end_row - 1][end_column:]
        lines[row - 1 : end_row] = [before + new + after]
    return "".join(lines)


def docstring(text: str) -> str:
    """What a text in the source says of the synchronous side."""
    for phrase, instead in PHRASES.items():
        text = text.replace(phrase, instead)
    return re.sub(r"`[\w.]+", lambda found: re.sub(r"\w+", _renamed, found[0]), text)


def _edits(text: str) -> Iterator[Edit]:
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    awaited = {
        _called_name(tokens, at + 1) for at, one in enumerate(tokens) if one.string == "await"
    }
    is_importing = False
    for at, one in enumerate(tokens):
        is_importing = one.string != "import" and (is_importing or _begins_import(one))
        if one.type == tokenize.STRING:
            said = docstring(one.string)
            yield one.start, one.end, _promised(said) if _is_of_class(tokens, at) else said
        elif tuple(each.string for each in tokens[at : at + 4]) == DROPPED:
            yield one.start, tokens[at + 3].end, ""
        elif one.type != tokenize.NAME:
            continue
        elif one.string in {"async", "await"}:
            yield one.start, tokens[at + 1].start, ""
        elif is_importing:
            yield one.start, one.end, MODULES.get(one.string, one.string)
        else:
            rules = {**NAMES, **AWAITED} if at in awaited else NAMES
            yield one.start, one.end, rules.get(one.string, one.string)


def _begins_import(one: TokenInfo) -> bool:
    return one.string == "from" and one.line.lstrip().startswith("from ")


def _called_name(tokens: Sequence[TokenInfo], at: int) -> int:
    """The place of `d` in `a.b(c).d(e)`, which begins at a place."""
    name, depth = at, 0
    while depth or tokens[at].string in {".", "(", "["} or tokens[at - 1].string in {"await", "."}:
        string = tokens[at].string
        if not depth and string == "(":
            name = at - 1
        depth += (string in {"(", "["}) - (string in {")", "]"})
        at += 1
    return name


def _is_of_class(tokens: Sequence[TokenInfo], at: int) -> bool:
    """Whether a string is the docstring of a class."""
    line = next((one.line for one in reversed(tokens[:at]) if one.type == tokenize.NAME), "")
    return tokens[at - 1].type == tokenize.INDENT and line.startswith("class ")


def _promised(text: str) -> str:
    return f"{text[:-3].rstrip()}{PROMISE}{text[-3:]}"


def _renamed(found: re.Match[str]) -> str:
    return NAMES.get(found[0], found[0])


def _by_ruff(*arguments: str, text: str, source: Path) -> str:
    command = (sys.executable, "-m", "ruff", *arguments, f"--stdin-filename={twin_of(source)}", "-")
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def main() -> None:
    """Write every twin anew."""
    for source in SOURCES:
        twin_of(source).write_text(generated(source), encoding="utf-8")


if __name__ == "__main__":
    main()
