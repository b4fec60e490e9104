"""The benchmarks run: every measure at sizes that say nothing about speed."""

import json
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import main
from tests.benchmarks.docs import BEGIN, END, write_table
from tests.benchmarks.machine import facts
from tests.benchmarks.measures import MEASURES
from tests.benchmarks.result import Result, at_least

FIELDS = {"store", "measure", "what", "value", "unit", "limit", "ratio", "target", "met"}


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_every_measure_gives_its_results(tmp_path: Path) -> None:
    path = tmp_path / "build" / "bench.json"

    main(["--tiny", "--json", str(path)])

    *results, about = json.loads(path.read_text())
    assert {result["measure"] for result in results} == set(MEASURES)
    assert all(set(result) == FIELDS for result in results)
    assert all(result["value"] >= 0 for result in results)
    assert {"machine", "python", "sqlite", "packages"} <= set(about)


def test_the_page_keeps_its_words_and_gets_the_table(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(f"before\n\n{BEGIN}\n\nold\n\n{END}\n\nafter\n")
    result = Result(
        measure="A", what="adds", value=8_000, unit="jobs/s", limit=9_000, **at_least(0.5, 0.89)
    )

    write_table([result], facts(is_quick=True), page)

    text = page.read_text()
    assert text.startswith("before\n\n")
    assert text.endswith("\n\nafter\n")
    assert "old" not in text
    assert "| A | adds | 8,000 | jobs/s | 9,000 | 0.89 | >= 0.5 | yes |" in text


def test_a_measure_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "A,Z"])

    assert "no such measure: Z" in capsys.readouterr().err
