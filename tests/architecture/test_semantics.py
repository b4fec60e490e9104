"""The reference names tests that exist."""

import re

from tests.architecture.source import ROOT

PAGE = ROOT / "docs" / "reference" / "semantics.md"
# A file, then the tests in it, each in backquotes.
GROUP = re.compile(r"`(tests/[\w/]+\.py)`:((?:[\s,]*`\w+`)+)")
SHIPPED = sorted((ROOT / "src" / "infrastructure" / "testing").glob("*_contract.py"))


def named_tests() -> list[tuple[str, str]]:
    text = PAGE.read_text(encoding="utf-8")
    return [
        (file, test)
        for file, tests in GROUP.findall(text)
        for test in re.findall(r"`(\w+)`", tests)
    ]


def source_of(file: str) -> str:
    """The tests of a file; those of the stores are in the contract that is shipped."""
    own = (ROOT / file).read_text(encoding="utf-8")
    shipped = SHIPPED if "StoreContract" in own else []
    return "\n".join([own, *(module.read_text(encoding="utf-8") for module in shipped)])


def test_every_test_that_the_semantics_name_exists() -> None:
    missing = [
        f"{file}: {test}"
        for file, test in named_tests()
        if not re.search(rf"(def {test}\(|^{test} = )", source_of(file), re.MULTILINE)
    ]

    assert missing == []


def test_every_case_names_a_test() -> None:
    cases = re.split(r"^\*\*(?=\d+\.)", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]

    assert [int(case.split(".")[0]) for case in cases] == [
        *range(23, 26),
        *range(29, 37),
        *range(38, 43),
    ]
    assert [case for case in cases if not GROUP.search(case)] == []
