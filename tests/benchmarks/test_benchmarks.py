"""The benchmarks run: every measure at sizes that say nothing about speed."""

import json
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import main
from tests.benchmarks.comparing import compared
from tests.benchmarks.docs import BEGIN, END, PAGE, write_table
from tests.benchmarks.machine import facts
from tests.benchmarks.measures import MEASURES
from tests.benchmarks.report import TITLES
from tests.benchmarks.result import Result, at_least
from tests.benchmarks.stores.catalogue import KNOWN, there

FIELDS = {"store", "measure", "what", "value", "unit", "limit", "ratio", "target", "met"}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("store", KNOWN)
def test_every_measure_gives_its_results(store: str, tmp_path: Path) -> None:
    if store not in there():
        pytest.skip(f"left out: no {store}")
    path = tmp_path / "build" / "bench.json"

    code = main(["--tiny", "--store", store, "--json", str(path)])

    *results, about = json.loads(path.read_text())
    assert code == 0
    assert {result["measure"] for result in results} == set(MEASURES)
    assert {result["store"] for result in results} == {store}
    assert all(set(result) == FIELDS for result in results)
    assert all(result["value"] >= 0 for result in results)
    assert {"machine", "python", "databases", "packages"} <= set(about)
    assert set(about["databases"]) == {store}


def adds(store: str, value: float) -> Result:
    return Result(
        store=store,
        measure="A",
        what="adds",
        value=value,
        unit="jobs/s",
        limit=9_000,
        **at_least(0.5, 0.89),
    )


def test_the_page_keeps_its_words_and_gets_the_tables(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(f"before\n\n{BEGIN}\n\nold\n\n{END}\n\nafter\n")

    write_table([adds("sqlite", 8_000)], facts(is_quick=True, stores=["sqlite"]), page)

    text = page.read_text()
    assert text.startswith("before\n\n")
    assert text.endswith("\n\nafter\n")
    assert "old" not in text
    assert "### SQLite" in text
    assert "| A | adds | 8,000 | jobs/s | 9,000 | 0.89 | >= 0.5 | yes |" in text


def test_the_page_of_the_project_has_a_table_of_each_store() -> None:
    table, _, _ = PAGE.read_text().partition(END)

    for title in TITLES.values():
        _, _, text = table.partition(f"### {title}\n")
        lines = text.partition("###")[0].splitlines()
        assert {line.split()[1] for line in lines if line.startswith("| ")} >= set(MEASURES), title


def test_a_store_that_was_not_measured_keeps_its_table(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(f"before\n\n{BEGIN}\n\nold\n\n{END}\n\nafter\n")
    both = [adds("sqlite", 8_000), adds("postgresql", 5_000)]
    write_table(both, facts(is_quick=True, stores=["sqlite", "postgresql"]), page)
    first = page.read_text()

    write_table([adds("sqlite", 7_000)], facts(is_quick=True, stores=["sqlite"]), page)

    assert page.read_text() == first.replace("8,000", "7,000")


@pytest.mark.parametrize("less", ["--only=A", "--quick", "--tiny"])
def test_the_page_gets_no_part_of_a_table(less: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([less, "--write-docs"])

    assert "every measure in full" in capsys.readouterr().err


def test_mariadb_is_held_against_postgresql() -> None:
    results = [adds("sqlite", 8_000), adds("postgresql", 1_000), adds("mariadb", 400)]

    [line] = compared(results)

    assert line.store == "mariadb"
    assert line.limit == 1_000
    assert line.ratio == 0.4
    assert not line.met


def test_a_measure_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "A,Z"])

    assert "no such measure: Z" in capsys.readouterr().err


def test_a_store_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--store", "sqlite,oracle"])

    assert "not there, or not known: oracle" in capsys.readouterr().err
