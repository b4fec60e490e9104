"""Errors: one root, fields to act on, one sentence to read."""

import inspect
from typing import Final

import pytest

from errands.core.domain import errors, store_errors
from errands.core.domain.errors import (
    AmbiguousJobId,
    ErrandsError,
    HandlerConflict,
    IllegalTransition,
    InvalidOption,
    InvalidPayload,
    JobCancelled,
    JobFailed,
    JobNotFound,
    JobRemoved,
    LeaseLost,
    PayloadTooLarge,
    PermanentFailure,
    ResultTimeout,
    UnknownOption,
    WorkerStateError,
)
from errands.core.domain.store_errors import (
    ConnectionRefused,
    DifferentDatabase,
    InvalidDatabaseUrl,
    MissingDriver,
    OpenAtFork,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreNotOpen,
    StoreReadOnly,
    StoreUnavailable,
)

ALL: Final = [
    member
    for member in (vars(errors) | vars(store_errors)).values()
    if inspect.isclass(member) and issubclass(member, ErrandsError)
]
STORE_ERRORS: Final = [kind for kind in ALL if issubclass(kind, StoreError)]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_has_the_one_root_and_a_promise(kind: type[Exception]) -> None:
    assert issubclass(kind, ErrandsError)
    assert kind.__doc__


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (InvalidOption, ValueError),
        (UnknownOption, TypeError),
        (InvalidPayload, ValueError),
        (PayloadTooLarge, ValueError),
        (JobNotFound, LookupError),
        (JobRemoved, LookupError),
        (AmbiguousJobId, LookupError),
        (ResultTimeout, TimeoutError),
        (HandlerConflict, ValueError),
        (WorkerStateError, RuntimeError),
        (InvalidDatabaseUrl, ValueError),
        (MissingDriver, ImportError),
        (StoreNotOpen, RuntimeError),
        (OpenAtFork, RuntimeError),
        (StoreUnavailable, OSError),
        (StoreReadOnly, OSError),
        (StoreFull, OSError),
        (StoreBusy, TimeoutError),
        (ConnectionRefused, ValueError),
        (DifferentDatabase, ValueError),
    ],
)
def test_an_error_is_a_builtin_too_where_that_is_natural(
    kind: type[Exception], builtin: type[Exception]
) -> None:
    assert issubclass(kind, builtin)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InvalidOption("delay", "must not be negative"), "delay: must not be negative"),
        (InvalidOption("delay", "bad", index=0), "delay of member 0: bad"),
        (JobNotFound("7"), "job_id: no job '7'"),
        (JobNotFound("7", "mail"), "job_id: no job '7' in queue 'mail'"),
        (
            AmbiguousJobId("7", ["a", "b"]),
            "job_id: '7' is used in several queues: 'a', 'b'; name one",
        ),
        (
            IllegalTransition("7", "retry", "active"),
            "job '7' is active: retry is not allowed",
        ),
        (LeaseLost("7", "mail"), "job '7' in queue 'mail': this run's lease was taken"),
        (JobFailed("7", "ValueError: no"), "job '7' failed: ValueError: no"),
        (JobCancelled("7", "enough"), "job '7' was cancelled: enough"),
        (JobCancelled("7", ""), "job '7' was cancelled: no reason given"),
        (ResultTimeout("7", 1.5, "active"), "job '7' is still active after 1.5 s"),
        (
            HandlerConflict("mail", "send"),
            "name: queue 'mail' already has a handler for 'send'",
        ),
        (StoreBusy("sqlite:///a.db"), "sqlite:///a.db: stayed locked by another writer"),
        (StoreFull("sqlite:///a.db", "12 KiB"), "sqlite:///a.db: the disk is full: 12 KiB"),
        (ConnectionRefused("is closed"), "connection: is closed"),
        (
            DifferentDatabase("sqlite:///a.db"),
            "connection: is not connected to the database of this queue (sqlite:///a.db)",
        ),
        (PermanentFailure("no such user"), "no such user"),
    ],
    ids=str,
)
def test_an_error_reads_as_one_sentence(error: ErrandsError, message: str) -> None:
    assert str(error) == message


def test_a_refused_option_names_field_and_reason() -> None:
    error = InvalidOption("delay", "bad")

    assert (error.field, error.reason, error.index) == ("delay", "bad", None)


@pytest.mark.parametrize("kind", [InvalidOption, UnknownOption, InvalidPayload, PayloadTooLarge])
def test_a_refusal_may_name_the_member_it_belongs_to(kind: type[InvalidOption]) -> None:
    error = kind("delay", "bad").at(3)

    assert (type(error), error.field, error.reason, error.index) == (kind, "delay", "bad", 3)


def test_a_missing_job_names_id_and_queue() -> None:
    error = JobRemoved("7", "mail")

    assert (error.job_id, error.queue) == ("7", "mail")


def test_errors_are_named_as_programs_import_them() -> None:
    assert {kind.__module__ for kind in ALL} == {"errands"}


def test_an_ambiguous_id_names_the_queues() -> None:
    assert AmbiguousJobId("7", ["a", "b"]).queues == ("a", "b")


def test_an_illegal_transition_names_verb_and_status() -> None:
    error = IllegalTransition("7", "retry", "active")

    assert (error.job_id, error.verb, error.status) == ("7", "retry", "active")


@pytest.mark.parametrize("kind", STORE_ERRORS, ids=lambda kind: kind.__name__)
def test_every_store_error_names_url_and_detail(kind: type[StoreError]) -> None:
    error = kind("sqlite:///a.db", "why")

    assert (error.url, error.detail) == ("sqlite:///a.db", "why")
    assert str(error) == f"sqlite:///a.db: {kind.summary}: why"


def test_a_refused_connection_names_its_field() -> None:
    error = DifferentDatabase("sqlite:///a.db")

    assert (error.field, error.url) == ("connection", "sqlite:///a.db")
