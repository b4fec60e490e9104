"""Each fault can still be made, in one place; `make mutants` sees that tests find it."""

from pathlib import Path

import pytest

from tests.mutants.mutant import Mutant
from tests.mutants.mutants import MUTANTS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_it_changes_one_place(mutant: Mutant) -> None:
    module = mutant.place(ROOT)

    assert mutant.old != mutant.new
    assert module.is_file()


def test_there_are_enough() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 20
