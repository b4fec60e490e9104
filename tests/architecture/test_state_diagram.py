"""ARCHITECTURE.md shows the life of a job as the code has it."""

import pytest

from errands.core.domain.job.status import UNSTARTED, JobStatus
from errands.core.domain.job.transitions import Verb
from tests.architecture.state_diagram import (
    BEGIN,
    DOCUMENT,
    END,
    diagram,
    generated,
    moves,
    refreshed,
    verb_table,
)


def test_the_document_shows_the_table_of_transitions() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")

    is_current = generated() in document

    assert is_current, "run: python -m tests.architecture.state_diagram"


def test_refreshing_keeps_what_stands_around_the_markers() -> None:
    stale = f"above\n{BEGIN}\nold\n{END}\nbelow\n"

    assert refreshed(stale) == f"above\n{generated()}\nbelow\n"


@pytest.mark.parametrize("status", JobStatus)
def test_the_diagram_leads_into_every_status(status: JobStatus) -> None:
    assert f"--> {status.value} :" in diagram()


@pytest.mark.parametrize("verb", Verb)
def test_the_table_has_every_verb(verb: Verb) -> None:
    assert f"| `{verb.value}` |" in verb_table()


def test_a_cancel_flags_an_active_job_and_ends_the_others() -> None:
    assert set(moves(Verb.CANCEL)) == {
        (JobStatus.ACTIVE, JobStatus.ACTIVE),
        *((source, JobStatus.CANCELLED) for source in UNSTARTED),
    }
