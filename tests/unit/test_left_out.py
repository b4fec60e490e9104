"""A run of the tests says what it leaves out."""

import pytest

from tests import stores
from tests.left_out import left_out


def test_it_names_stores_that_are_away_and_how_to_run_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away() -> list[str]:
        return ["mariadb (nobody at mariadb://127.0.0.1:1)"]

    monkeypatch.setattr(stores, "left_out", away)

    [store, long, others] = left_out()

    assert store == "the store mariadb (nobody at mariadb://127.0.0.1:1)"
    assert "`make faults`" in long
    assert "`make test-pythons`" in others
