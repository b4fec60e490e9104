"""The tree stays readable: small files, telling folder names."""

from tests.architecture.source import MIGRATIONS, PACKAGE, TESTS, modules_below, place

LONGEST_FILE_IN_LINES = 300

NAMES_THAT_SAY_NOTHING = frozenset(
    {"common", "helper", "helpers", "manager", "managers", "misc", "shared", "util", "utils"}
)


def test_no_file_is_longer_than_can_be_read_at_one_sitting() -> None:
    too_long = {
        place(module): length
        for module in (*modules_below(PACKAGE), *modules_below(MIGRATIONS))
        if (length := len(module.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE_IN_LINES
    }

    assert too_long == {}


def test_no_folder_or_file_has_a_name_that_says_nothing() -> None:
    nameless = {
        place(path)
        for root in (PACKAGE, MIGRATIONS, TESTS)
        for module in modules_below(root)
        for path in (module, module.parent)
        if path.stem in NAMES_THAT_SAY_NOTHING
    }

    assert nameless == set()
