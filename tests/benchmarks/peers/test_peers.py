"""The peers' table and JSON, from recorded runs: no peer is needed."""

import json
from pathlib import Path

import pytest

from tests.benchmarks.peers.__main__ import main
from tests.benchmarks.peers.acts import HALF, MOST, RATE
from tests.benchmarks.peers.catalogue import PEERS, ours
from tests.benchmarks.peers.docs import BEGIN, END, write_table
from tests.benchmarks.peers.figures import Figures
from tests.benchmarks.peers.peer import Peer
from tests.benchmarks.peers.table import as_text, write_json

HUEY, LITEQUEUE = PEERS[0], PEERS[1]
OURS = ours("sqlite")
FACTS = {
    "date": "2026-11-22",
    "machine": "2 cores",
    "stores": {"sqlite": "SQLite in a folder"},
    "peers": {
        "errands": {"runtime": "Python 3.11", "packages": {"errands": "1.0"}, "sqlite": "3.40"},
        "huey": {"runtime": "Python 3.11", "packages": {"huey": "3.5"}, "sqlite": "3.40"},
    },
}


def recorded(*peers: Peer) -> Figures:
    figures = Figures(peers, {"A": "adds", "D": "wakes"})
    for rate in (9_000, 8_000, 10_000):
        figures.add(OURS, "A", {RATE: rate})
    figures.add(HUEY, "A", {RATE: 2_250})
    figures.add(HUEY, "D", {HALF: 7.51, MOST: 25})
    return figures


def test_a_figure_is_the_median_and_stands_beside_ours() -> None:
    [own, peer, *_] = recorded(OURS, HUEY).as_json()

    assert (own["peer"], own["value"], own["limit"], own["ratio"]) == ("errands", 9_000, None, None)
    assert (peer["peer"], peer["value"], peer["limit"]) == ("huey", 2_250, 9_000)
    assert (peer["store"], peer["measure"], peer["unit"], peer["ratio"]) == (
        "sqlite",
        "A",
        RATE,
        0.25,
    )


def test_the_file_ends_with_machine_and_versions(tmp_path: Path) -> None:
    path = tmp_path / "build" / "bench-peers.json"

    write_json(path, recorded(OURS, HUEY).as_json(), FACTS)

    *figures, facts = json.loads(path.read_text())
    assert len(figures) == 4
    assert facts == FACTS


def test_a_peer_has_one_line_and_its_notes() -> None:
    lines = as_text(recorded(OURS, HUEY), FACTS).splitlines()

    assert lines[0].split() == ["store", "queue", "A", "D,", "ms", "p50", "/", "ms", "p99"]
    assert lines[2].split() == ["SQLite", "huey", "3.5", "2,250", "7.51", "/", "25"]
    assert lines[-1].startswith("- **huey**, SQLite: Python 3.11, huey 3.5, SQLite 3.40. One")
    assert "at most once" in lines[-1]


def test_what_could_not_run_says_why_and_has_no_figure() -> None:
    figures = recorded(OURS, HUEY, LITEQUEUE)
    figures.fail(HUEY, "A", "no answer in 240 s")
    figures.absent["sqlite", "litequeue"] = "it needs Python 3.12"

    text = as_text(figures, FACTS)

    assert "2,250" not in text
    assert "A has no figure: no answer in 240 s." in text
    assert "- **litequeue**, SQLite: not measured: it needs Python 3.12." in text
    assert sum("litequeue" in line for line in text.splitlines()) == 1


def test_the_page_keeps_its_words_and_gets_the_peers(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(f"before\n\n{BEGIN}\n\nstale\n\n{END}\n\nafter\n")

    write_table(recorded(OURS, HUEY), FACTS, page)

    text = page.read_text()
    assert text.startswith(f"before\n\n{BEGIN}\n\n2026-11-22, 2 cores.\n\n")
    assert text.endswith(f"\n\n{END}\n\nafter\n")
    assert "stale" not in text
    assert "| SQLite | huey 3.5 | 2,250 | 7.51 / 25 |" in text


def test_every_peer_has_a_program_and_a_name_of_its_own() -> None:
    assert len({peer.name for peer in PEERS}) == len(PEERS)
    assert all(peer.script.exists() for peer in (*PEERS, OURS))


def test_a_peer_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "huey,celery"])

    assert "no such peer: celery" in capsys.readouterr().err
