"""The table of faults names tests that exist, for every row that is due."""

import re

from tests.architecture.source import ROOT
from tests.architecture.test_semantics import GROUP

PAGE = ROOT / "docs" / "reference" / "faults.md"
DUE = [
    *(1, 2, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 20, 21, 23, 24, 26, 27, 28, 29, 30),
    *(31, 32, 34, 35, 37, 38, 40, 41, 45, 47, 49, 50, 51, 53, 55, 56, 57),
    *(60, 61, 62, 63, 64),
    *(65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78),
    *(79, 80, 81, 82, 83),
    *(85, 86, 87, 88, 89, 90, 91),
    *range(92, 119),
    *range(120, 125),
    *range(126, 137),
    *range(139, 143),
    *(144, 146, 147),
    *range(149, 154),
    *range(160, 164),
    *range(165, 170),
    *(171, 172, 173, 175, 179),
]


def rows() -> list[tuple[int, str]]:
    text = PAGE.read_text(encoding="utf-8")
    found = re.findall(r"^\| (\d+) \|(.*)\|$", text, re.MULTILINE)
    return [(int(number), row) for number, row in found]


def test_every_fault_that_is_due_has_its_row() -> None:
    numbers = [number for number, _ in rows()]

    assert numbers == DUE


def test_every_test_that_the_faults_name_exists() -> None:
    missing = [
        f"{number}: {file}: {test}"
        for number, row in rows()
        for file, tests in GROUP.findall(row) or [("nothing", "`named`")]
        for test in re.findall(r"`(\w+)`", tests)
        if not (ROOT / file).exists()
        or not re.search(rf"def {test}\(", (ROOT / file).read_text(encoding="utf-8"))
    ]

    assert missing == []
