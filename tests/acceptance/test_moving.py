"""The guide to moving house: its commands run as printed, with a server that is there."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from errands import Errands
from tests import servers, stores

ERRANDS = Path(sys.executable).parent
PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "moving.md"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PRINTED = "postgresql://shop@db.example.org/shop"


@pytest.fixture
def target() -> Iterator[str]:
    if "postgresql" not in stores.chosen():
        pytest.skip("left out: no postgresql")
    found = servers.server("postgresql")
    with found.database() as name:
        yield found.url_of(name)


def steps() -> list[tuple[str, list[str]]]:
    """Each command of the page with the lines that it is said to print."""
    found: list[tuple[str, list[str]]] = []
    for line in "\n".join(BLOCK.findall(PAGE.read_text(encoding="utf-8"))).splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line.strip():
            found[-1][1].append(line)
    return found


def shape(lines: list[str]) -> list[str]:
    """What is printed, but for the numbers, checksums, places and steps of progress."""
    plain = [re.sub(r"\S*://\S+?(?=[.,]?( |$))", "URL", line) for line in lines if line.strip()]
    plain = [re.sub(r"\b[0-9a-f]{12}\b", "SUM", line) for line in plain]
    plain = [re.sub(r"[\d,]*\d", "N", line) for line in plain]
    plain = [re.sub(r"[ ─]+", " ", line).strip() for line in plain]
    return list(dict.fromkeys(line for line in plain if line))


def test_the_commands_of_the_guide_do_what_it_says(tmp_path: Path, target: str) -> None:
    with Errands(f"sqlite:///{tmp_path / 'shop.db'}").sync as app:
        app.queue().add_many([("job", number) for number in range(20)])
        app.queue("slow").pause()
    hidden = ("ERRANDS_", "JOB_QUEUE_DATABASE_URL", "COLUMNS", "FORCE_COLOR")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}

    for command, printed in steps():
        words = [str(ERRANDS / "errands"), *command.replace(PRINTED, target).split()[1:]]
        done = subprocess.run(
            words, cwd=tmp_path, env=clean, capture_output=True, text=True, check=False
        )

        assert (done.returncode, done.stderr) == (0, ""), command
        if printed:
            assert shape(done.stdout.splitlines()) == shape(printed)


def test_the_guide_shows_every_step() -> None:
    commands = [command.split()[1:3] for command, _ in steps()]

    assert commands == [["db", "doctor"], ["db", "copy"], ["db", "doctor"], ["queues", "list"]]
