"""Ids in runs."""

from errands.core.application.missed_events import Missed
from errands.core.domain.id_runs import IdRun, between, joined, runs_of, without


def test_runs_that_touch_or_overlap_become_one() -> None:
    runs = [IdRun(7, 9), IdRun(1, 2), IdRun(3, 3), IdRun(8, 8)]
    assert joined(runs) == (IdRun(1, 3), IdRun(7, 9))


def test_ids_become_runs() -> None:
    assert runs_of([5, 1, 2, 9]) == (IdRun(1, 2), IdRun(5, 5), IdRun(9, 9))


def test_runs_are_cut_at_both_ends() -> None:
    assert between([IdRun(1, 4), IdRun(6, 9), IdRun(20, 20)], 2, 7) == (IdRun(3, 4), IdRun(6, 7))


def test_ids_are_taken_out_of_a_run() -> None:
    assert without(IdRun(1, 6), [1, 3, 6, 8]) == [IdRun(2, 2), IdRun(4, 5)]
    assert without(IdRun(1, 2), [1, 2]) == []


def test_what_was_found_is_looked_for_no_more() -> None:
    missed = Missed()
    missed.note([IdRun(1, 4), IdRun(9, 9)])
    missed.forget([9, 2])
    assert missed.runs == [IdRun(1, 1), IdRun(3, 4)]


def test_what_is_too_old_is_looked_for_no_more() -> None:
    now = 0.0
    missed = Missed(lambda: now)
    missed.note([IdRun(1, 1)])
    now = 1_800.0
    missed.note([IdRun(5, 6)])
    now = 3_600.0
    assert missed.runs == [IdRun(5, 6)]
