"""The axes of scale run, at sizes that say nothing about it."""

import fcntl
import json
from pathlib import Path

import pytest

from tests import stores
from tests.benchmarks.scale.__main__ import main
from tests.benchmarks.scale.figures import Figure, merged
from tests.benchmarks.scale.places import AXES, missing, points_of
from tests.benchmarks.scale.quiet import Quiet
from tests.benchmarks.scale.sizes import TINY
from tests.benchmarks.scale.tables import BEGIN, END, HEADS, as_markdown, write_tables

FACTS = {"machine": "2 cores", "python": "3.11", "postgresql": {"fsync": "on"}}
FIGURES = [
    Figure("history", 0, "drain", 2_000, "jobs/s"),
    Figure("history", 100, "drain", 1_000, "jobs/s"),
    Figure("history", 100, "size", 12.34, "bytes"),
]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("axis", AXES)
def test_every_axis_gives_its_figures(axis: str, tmp_path: Path) -> None:
    if "postgresql" not in stores.chosen():
        pytest.skip("left out: no postgresql")
    if lack := missing(axis):
        if "postgresql" in stores.required() and axis != "pooler":
            pytest.fail(f"{axis} needs {lack}")
        pytest.skip(f"left out: {axis} needs {lack}")
    path = tmp_path / "build" / "scale.json"

    assert main(["--tiny", "--only", axis, "--json", str(path)]) == 0

    figures = json.loads(path.read_text())["figures"]
    assert {figure["point"] for figure in figures} == set(points_of(axis, TINY))
    assert {figure["axis"] for figure in figures} == {axis}
    assert len(figures) >= 20
    assert all(figure["value"] >= 0 for figure in figures)


@pytest.mark.skipif("postgresql" not in stores.chosen(), reason="left out: no postgresql")
@pytest.mark.parametrize(
    ("axis", "points"), [("queues", "0,10"), ("history", "-1"), ("history", "many"), ("x", "1")]
)
def test_points_that_an_axis_does_not_have_are_refused(
    axis: str, points: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--tiny", "--only", axis, f"--points={points}"])

    assert "error: " in capsys.readouterr().err


def test_a_table_has_a_line_for_each_measure_and_a_column_for_each_point() -> None:
    lines = as_markdown("history", FIGURES).splitlines()

    assert lines[0] == "| finished jobs | unit | 0 | 100 | last / first |"
    assert lines[2:] == [
        "| drain | jobs/s | 2,000 | 1,000 | 0.5 |",
        "| size | bytes |  | 12.3 |  |",
    ]


def test_a_point_that_is_measured_anew_replaces_what_was_there() -> None:
    again = [Figure("history", 100, "drain", 1_500, "jobs/s")]

    assert merged(FIGURES, again) == [FIGURES[0], *again]


def test_the_page_keeps_its_words_and_gets_the_tables(tmp_path: Path) -> None:
    page = tmp_path / "scale.md"
    places = "\n".join(
        f"{BEGIN.format(axis=axis)}\n\nold {axis}\n\n{END.format(axis=axis)}\n\nafter {axis}"
        for axis in ("machine", *HEADS)
    )
    page.write_text(places)

    write_tables(FIGURES, FACTS, page)

    text = page.read_text()
    assert "old history" not in text
    assert "old backlog" in text
    assert "| drain | jobs/s | 2,000 | 1,000 | 0.5 |" in text
    assert "2 cores. Python 3.11. PostgreSQL: fsync on." in text
    assert all(f"after {axis}" in text for axis in HEADS)


def is_free(path: Path, kind: int) -> bool:
    """Whether somebody else could take the lock in this way now."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def test_nobody_else_measures_meanwhile_not_even_where_rows_are_made(tmp_path: Path) -> None:
    path = tmp_path / "lock"

    with Quiet(path) as quiet:
        quiet.step_aside()
        others_make = is_free(path, fcntl.LOCK_SH)
        others_measure = is_free(path, fcntl.LOCK_EX)
        with quiet.alone():
            quiet.step_aside()
            others_make_meanwhile = is_free(path, fcntl.LOCK_SH)

    assert others_make
    assert not others_measure
    assert not others_make_meanwhile
    assert is_free(path, fcntl.LOCK_EX)


def test_an_axis_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "history,tables"])

    assert "no such axis: tables" in capsys.readouterr().err
