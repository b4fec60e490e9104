"""Telling a member at fault from a store that nobody can use."""

from errands import StoreBusy, StoreRefused, StoreUnusable
from errands.core.application.apart import Apart
from errands.core.application.doubt import Doubt

UNUSABLE = StoreUnusable("there", "no such table")


def written(members: list[int], bad: set[int]) -> tuple[list[int], list[int], int]:
    """What was written, what was refused alone, and in how many tries."""
    apart, doubt, good, refused, tries = Apart(members), Doubt(), list[int](), list[int](), 0
    for part in apart:
        tries += 1
        if not bad.intersection(part):
            doubt.taken()
            good += part
        elif not doubt.is_of_one(UNUSABLE, part) or not apart.again(part, UNUSABLE):
            refused += part
    return good, refused, tries


def test_what_looks_like_the_store_may_be_one_members() -> None:
    assert written(list(range(10)), {4}) == ([0, 1, 2, 3, 5, 6, 7, 8, 9], [4], 7)


def test_a_store_that_takes_nothing_is_found_out_in_a_few_tries() -> None:
    good, refused, tries = written(list(range(1_000)), set(range(1_000)))

    assert (good, refused) == ([], list(range(1_000)))
    assert tries < 25


def test_nothing_taken_and_something_refused_alone_leaves_a_doubt() -> None:
    doubt = Doubt()

    tell = [doubt.is_left]
    assert doubt.is_of_one(UNUSABLE, [1])
    tell.append(doubt.is_left)
    doubt.taken()
    tell.append(doubt.is_left)

    assert tell == [False, True, False]


def test_other_errors_are_what_they_were() -> None:
    assert Doubt().is_of_one(StoreRefused("there"), [1])
    assert not Doubt().is_of_one(StoreBusy("there"), [1])
