"""Writing together what can be, and apart what one member spoils."""

from errands import StoreError, StoreGaveUp, StoreRefused
from errands.core.application.apart import Apart

REFUSED = StoreRefused("there")


def written(
    members: list[int], bad: set[int], error: StoreError = REFUSED
) -> tuple[list[int], list[int], int]:
    """What was written, what was refused alone, and in how many tries."""
    apart, good, refused, tries = Apart(members), list[int](), list[int](), 0
    for part in apart:
        tries += 1
        if not bad.intersection(part):
            good += part
        elif not apart.again(part, error):
            refused += part
    return good, refused, tries


def test_what_nothing_spoils_is_written_at_once() -> None:
    assert written([1, 2, 3], set()) == ([1, 2, 3], [], 1)


def test_nothing_is_written_where_there_is_nothing() -> None:
    assert written([], set()) == ([], [], 0)


def test_the_one_at_fault_is_found_and_the_others_keep_their_order() -> None:
    good, refused, tries = written(list(range(16)), {5})

    assert (good, refused) == ([number for number in range(16) if number != 5], [5])
    assert tries == 9


def test_each_of_several_is_found() -> None:
    good, refused, _ = written(list(range(10)), {0, 9})

    assert (good, refused) == (list(range(1, 9)), [0, 9])


def test_few_tries_fail_where_each_takes_long() -> None:
    members = list(range(100))

    assert written(members, {99}, StoreGaveUp("there")) == (members[:99], [99], 14)


def test_parts_that_are_given_apart_are_written_apart_in_their_order() -> None:
    assert list(Apart([1, 2], [], [3])) == [[1, 2], [3]]
