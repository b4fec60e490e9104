"""Whatever a command is called with: exit code 2, and one line that names what is wrong."""

from itertools import count

import pytest

from tests import stores
from tests.integration.cli.terminal import Terminal

DIGITS = "9" * 5_000
HERE = "memory://"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ((f"--delay={DIGITS}",), "delay"),
        (("--delay=nan",), "delay"),
        (("--priority=1.5",), "--priority"),
        ((f"--priority={DIGITS}",), "--priority"),
        (("--priority=9999999999",), "priority"),
        (("--max-attempts=2.5",), "--max-attempts"),
        (("--timeout=soon",), "--timeout"),
        (("--metadata={}",), "--metadata"),
        (("--queue=",), "queue"),
        (("--queue=\udcff",), "queue"),
        (("--id=" + "x" * 300,), "job_id"),
        (("--tag=\udcff",), "tags"),
    ],
    ids=count(),
)
def test_an_option_of_an_add(terminal: Terminal, arguments: tuple[str, ...], part: str) -> None:
    is_refused(terminal, ("add", "mail", "1", *arguments, "--url", HERE), part)


@pytest.mark.parametrize(
    ("data", "stdin", "part"),
    [
        ("-", "\udcff\udcfe", "standard input is not UTF-8"),
        ("-", "", "standard input is not JSON"),
        ("-", "[" * 100_000 + "]" * 100_000, "standard input is nested too deep"),
        ("-", "[" * 200 + "]" * 200, "data: is nested more than 128 levels"),
        (DIGITS, "", "DATA is not JSON"),
        ("9" * 30, "", "data: "),
        ('"\\ud800"', "", "data: "),
        ("\udcff", "", "DATA is not JSON"),
        ("@/", "", "/ cannot be read"),
    ],
    ids=count(),
)
def test_data_of_an_add(terminal: Terminal, data: str, stdin: str, part: str) -> None:
    for locale in ("C.UTF-8", "C") if stdin.startswith("\udcff") else ("C.UTF-8",):
        is_refused(terminal, ("add", "mail", data, "--url", HERE), part, stdin, LC_ALL=locale)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("jobs", "list", "--limit=0"), "limit"),
        (("jobs", "list", "--limit=1.5"), "--limit"),
        (("jobs", "list", "--after=-1"), "after"),
        (("jobs", "list", f"--after={DIGITS}"), "--after"),
        (("jobs", "list", "--status=done"), "status"),
        (("jobs", "list", "--error=\udcff"), "error"),
        (("queues", "pause", ""), "queue"),
    ],
    ids=count(),
)
def test_an_option_of_a_look(terminal: Terminal, arguments: tuple[str, ...], part: str) -> None:
    is_refused(terminal, (*arguments, "--url", HERE), part)


URLS = {
    "memory": ["", "nothing", "sqlite:/x", "sqlite:///a%00b", "smtp://host/name"],
    "postgresql": [
        "postgresql://",
        "postgresql://127.0.0.1:99999/name",
        "postgresql://127.0.0.1/\udcff",
        "postgresql://127.0.0.1/name?colour=red",
    ],
    "mariadb": [
        "mariadb://127.0.0.1:0/name",
        "mariadb://127.0.0.1/\udcff",
        "mariadb://127.0.0.1/name?colour=red",
    ],
}


@pytest.mark.parametrize(
    "url", [url for store in stores.chosen() for url in URLS.get(store, ())], ids=count()
)
def test_a_url(terminal: Terminal, url: str) -> None:
    is_refused(terminal, ("add", "mail", "--url", url), "database URL")


@pytest.mark.parametrize("processes", ["1", "2"])
@pytest.mark.parametrize(
    ("option", "part"),
    [("--queue=", "queues"), ("--concurrency=0", "concurrency"), ("--grace=nan", "grace")],
)
def test_an_option_of_a_worker_also_of_several(
    terminal: Terminal, option: str, part: str, processes: str
) -> None:
    (terminal.folder / "shop.py").write_text(
        "from errands import Errands\napp = Errands('memory://')\napp.handler('mail')(str.upper)\n"
    )

    is_refused(terminal, ("worker", "shop:app", option, "--processes", processes), part)


def is_refused(
    terminal: Terminal, arguments: tuple[str, ...], part: str, stdin: str = "", **env: str
) -> None:
    done = terminal.run(*arguments, stdin=stdin, **env)

    assert (done.code, done.out) == (2, ""), done
    assert part in done.err
    assert done.err.startswith("errands: ")
    assert done.err.count("\n") == 1, done.err
