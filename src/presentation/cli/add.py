"""`errands add`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

from cyclopts import Parameter
from rich.markup import escape

from ...core.domain.job.status import JobStatus
from .opening import operator_of
from .options import AsJson, Flag, MaybeWhole, Names, Url
from .output import Trouble, print_json, say
from .styles import STYLES

Data = Annotated[
    str,
    Parameter(allow_leading_hyphen=True, help="JSON, or @file, or - for standard input."),
]


def add(
    name: str,
    data: Data = "null",
    /,
    *,
    queue: str = "default",
    id: str | None = None,
    priority: MaybeWhole = None,
    lifo: Flag = False,
    delay: float | None = None,
    max_attempts: MaybeWhole = None,
    backoff: float | None = None,
    timeout: float | None = None,
    expires_in: float | None = None,
    tag: Names = (),
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Add a job; once this has printed its id, no crash loses it.

    For example:

    - `errands add send-mail '{"to": "ada@example.org"}'`
    - `errands add import @orders.json --queue slow --priority 10 --delay 60`

    Parameters
    ----------
    name
        Which handler runs it.
    queue
        The queue it goes to.
    id
        An id of your own, unique in the queue; one that is there already adds nothing.
    priority
        Higher is more urgent: -10 low, 0 normal, 10 high, 20 urgent.
    lifo
        Go to the head of its priority instead of the tail.
    delay
        Seconds before it may run.
    max_attempts
        Total runs it may have, the first included.
    backoff
        Seconds between two attempts, instead of 1, 2, 4 ...
    timeout
        Seconds a run may take.
    expires_in
        Seconds within which it must have started.
    tag
        A tag to find it by; may be given several times.
    """
    options: dict[str, Any] = {
        "job_id": id,
        "priority": priority,
        "lifo": lifo or None,
        "delay": delay,
        "max_attempts": max_attempts,
        "backoff": backoff,
        "timeout": timeout,
        "expires_in": expires_in,
        "tags": tag or None,
    }
    value = _value(data)
    with operator_of(url).open(creates=True) as app:
        job = app.queue(queue).add(name, value, **options)
    if as_json:
        print_json({**job.as_dict(), "is_new": job.is_new})
    elif job.is_new:
        say(f"Added [bold]{escape(str(job.ref))}[/], {_status(job.status)}")
    else:
        say(f"Nothing added: [bold]{escape(str(job.ref))}[/] exists, {_status(job.status)}")


def _status(status: JobStatus) -> str:
    return f"[{STYLES[status]}]{status}[/]"


def _value(text: str) -> Any:
    source = "DATA"
    if text == "-":
        source, text = "standard input", _read_input()
    elif text.startswith("@"):
        source, text = text[1:], _read(text[1:])
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise Trouble(f"{source} is nested too deep", 2) from error
    except ValueError as error:
        hint = " (a text needs its quotes: '\"text\"')" if source == "DATA" else ""
        raise Trouble(f"{source} is not JSON: {error}{hint}", 2) from error


def _read_input() -> str:
    """As bytes: what the terminal's encoding is does not matter to JSON."""
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise Trouble(f"standard input is not UTF-8: {error}", 2) from error


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Trouble(f"{path} cannot be read: {reason}", 2) from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} has no JSON form")
