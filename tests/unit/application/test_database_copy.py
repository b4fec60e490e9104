"""Copying a store: what it makes of what it finds, and what it notices."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from errands import CopyRefused, Errands, InvalidOption, SourceChanged, SyncErrands
from errands.core.application import database_copy
from errands.core.application.database_copy import Beginning, DatabaseCopy, Outcome, Stage, Step
from errands.core.application.page_size import HEAVY, PageSize
from errands.core.ports.archive import ArchivedJob, CopyStage
from errands.core.ports.store import Store, Work
from errands.core.ports.unit_of_work import UnitOfWork
from errands.testing import application
from tests.unit.domain.builders import added


@pytest.fixture
def open_app() -> Iterator[Callable[[], Errands]]:
    with ExitStack() as stack:

        def opened() -> Errands:
            app = application()
            stack.enter_context(app.sync)
            return app

        yield opened


@pytest.fixture
def source(open_app: Callable[[], Errands]) -> Errands:
    app = open_app()
    fill(app.sync, 300)
    return app


@pytest.fixture
def target(open_app: Callable[[], Errands]) -> Errands:
    return open_app()


def fill(app: SyncErrands, count: int) -> None:
    app.queue().add_many([("job", number) for number in range(count)])


def store_of(app: Errands) -> Store:
    return app.container.store()


def copying(source: Errands, target: Errands) -> DatabaseCopy:
    return DatabaseCopy(source=store_of(source), target=store_of(target))


def run(source: Errands, target: Errands, **options: bool) -> Outcome:
    steps = copying(source, target).run(**options)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome


def run_until(source: Errands, target: Errands, is_enough: Callable[[Step], bool]) -> None:
    """Copy, and break off."""
    steps = copying(source, target).run()
    while not is_enough(next(steps)):
        pass
    steps.close()


def stage_of(app: Errands) -> CopyStage | None:
    def look(uow: UnitOfWork) -> CopyStage | None:
        state = uow.archive.copy_state()
        return None if state is None else state.stage

    return store_of(app).read_sync(look)


def test_a_copy_is_finished_when_it_was_found_to_be_the_same(
    source: Errands, target: Errands
) -> None:
    outcome = run(source, target)

    assert (outcome.beginning, outcome.is_same, outcome.jobs) == (Beginning.NEW, True, 300)
    assert stage_of(target) is CopyStage.FINISHED


def test_a_finished_copy_is_only_compared(source: Errands, target: Errands) -> None:
    run(source, target)

    again = run(source, target)

    assert (again.beginning, again.is_same) == (Beginning.COMPLETE, True)
    assert (again.jobs, again.events) == (0, 0)


@pytest.mark.parametrize("stage", list(Stage))
def test_a_copy_broken_off_anywhere_goes_on(
    source: Errands, target: Errands, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_copy, "EVENTS", 100)
    run_until(source, target, lambda step: step.stage is stage and step.done >= 200)

    outcome = run(source, target)

    assert (outcome.beginning, outcome.is_same) == (Beginning.RESUMED, True)
    assert outcome.jobs + outcome.events < 600


def test_progress_goes_on_where_it_was(source: Errands, target: Errands) -> None:
    run_until(source, target, lambda step: step.done >= 100)

    first = next(copying(source, target).run())

    assert (first.stage, first.done, first.total) == (Stage.JOBS, 100, 300)


def test_an_empty_store_can_be_copied(open_app: Callable[[], Errands], target: Errands) -> None:
    outcome = run(open_app(), target)

    assert (outcome.is_same, outcome.jobs) == (True, 0)


def test_a_store_is_not_copied_into_itself(source: Errands) -> None:
    with pytest.raises(InvalidOption, match="same database"):
        run(source, source)


def test_what_is_there_is_left_alone(source: Errands, target: Errands) -> None:
    fill(target.sync, 1)

    with pytest.raises(CopyRefused, match="it holds 1 jobs, 1 events and 1 queues"):
        run(source, target)
    assert len(target.sync.jobs().jobs) == 1


def test_what_is_there_is_replaced_when_asked(source: Errands, target: Errands) -> None:
    fill(target.sync, 500)
    target.sync.queue("old").pause()

    outcome = run(source, target, replaces=True)

    assert (outcome.beginning, outcome.is_same) == (Beginning.NEW, True)
    assert [queue.name for queue in target.sync.queues()] == ["default"]


def test_replacing_a_copy_that_is_under_way_is_going_on(source: Errands, target: Errands) -> None:
    run_until(source, target, lambda step: step.done >= 100)

    assert run(source, target, replaces=True).beginning is Beginning.RESUMED


def test_a_write_to_the_source_is_noticed_on_the_way(source: Errands, target: Errands) -> None:
    steps = copying(source, target).run()
    next(steps)
    fill(source.sync, 1)

    with pytest.raises(SourceChanged, match="was written to while it was copied"):
        list(steps)


def test_a_write_to_the_source_is_noticed_in_the_end(source: Errands, target: Errands) -> None:
    steps = copying(source, target).run()
    while next(steps).stage is not Stage.COMPARING:
        pass
    fill(source.sync, 1)

    with pytest.raises(SourceChanged):
        list(steps)
    assert stage_of(target) is CopyStage.COPYING


def test_a_copy_of_a_source_that_has_changed_is_made_anew(source: Errands, target: Errands) -> None:
    run_until(source, target, lambda step: step.done >= 100)
    source.sync.queue().drain()
    fill(source.sync, 7)

    outcome = run(source, target)

    assert (outcome.beginning, outcome.is_same, outcome.jobs) == (Beginning.ANEW, True, 7)


def test_a_finished_copy_of_a_source_that_has_changed_is_not_overwritten(
    source: Errands, target: Errands
) -> None:
    run(source, target)
    source.sync.queue().drain()

    with pytest.raises(CopyRefused, match="it holds a copy of this source"):
        run(source, target)
    assert len(target.sync.jobs(limit=1_000).jobs) == 300


@pytest.mark.parametrize("is_enough", [100, 300])
def test_a_copy_that_was_worked_on_is_not_overwritten(
    source: Errands, target: Errands, is_enough: int
) -> None:
    run_until(source, target, lambda step: step.done >= is_enough)
    target.sync.queue().pause()

    with pytest.raises(CopyRefused, match="it holds a copy of this source"):
        run(source, target)


def test_what_differs_is_named_and_copied_again_by_the_next_run(
    source: Errands, target: Errands
) -> None:
    run_until(source, target, lambda step: step.stage is Stage.EVENTS)
    victim = target.sync.jobs(newest_first=False).jobs[5]
    store_of(target).transact_sync(lambda uow: spoil(uow, victim.ref))

    outcome = run(source, target)
    again = run(source, target)

    differing = {kind.kind: kind.first_difference for kind in outcome.compared if not kind.is_same}
    assert differing == {"jobs": str(victim.ref)}
    assert (again.beginning, again.is_same) == (Beginning.ANEW, True)


def spoil(uow: UnitOfWork, ref: Any) -> None:
    job = uow.jobs.get(ref)
    job.data = '"other"'
    uow.jobs.save_data(job)


def test_half_a_copy_is_no_source(
    source: Errands, target: Errands, open_app: Callable[[], Errands]
) -> None:
    run_until(source, target, lambda step: step.done >= 100)

    with pytest.raises(CopyRefused, match="never finished"):
        run(target, open_app())


def test_a_finished_copy_is_a_source_like_any(
    source: Errands, target: Errands, open_app: Callable[[], Errands]
) -> None:
    run(source, target)

    assert run(target, open_app()).is_same


def test_of_two_copies_into_one_target_one_gives_way(source: Errands, target: Errands) -> None:
    first = copying(source, target).run()
    while next(first).done < 100:
        pass

    second = run(source, target)

    assert second.is_same
    with pytest.raises(CopyRefused, match="another copy is being made"):
        list(first)


def test_a_batch_whose_commit_was_not_answered_is_there_once(
    source: Errands, target: Errands, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(target)
    once = store.transact_sync

    def twice(_: Store, work: Work[Any], *, is_repeatable: bool) -> Any:
        assert is_repeatable
        once(work)
        return once(work)

    monkeypatch.setattr(type(store), "transact_sync", twice)
    outcome = run(source, target)

    assert outcome.is_same


def test_a_batch_is_as_small_as_its_jobs_are_heavy() -> None:
    page_size = PageSize(1_000)
    sizes = [page_size.limit]
    for data in ("x", "x", "x", "x" * (HEAVY // 10)):
        job = added()
        job.data = data
        page_size.note([ArchivedJob(job)] * page_size.limit)
        sizes.append(page_size.limit)

    assert sizes == [100, 400, 1_000, 1_000, 10]
