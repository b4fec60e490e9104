from datetime import timedelta
from typing import Any

import pytest

from errands import InvalidOption, Settings, UnknownOption
from errands.infrastructure.settings import without_password


def test_without_anything_the_defaults_hold() -> None:
    settings = Settings.resolve({}, {})

    assert settings.url == "sqlite:///./errands.db"
    assert (settings.synchronous, settings.migrate) == ("NORMAL", True)
    assert settings.worker.lease == timedelta(seconds=30)


def test_an_argument_goes_before_the_environment_and_that_before_the_default() -> None:
    environment = {
        "JOB_QUEUE_DATABASE_URL": "sqlite:///environment.db",
        "ERRANDS_CONCURRENCY": "3",
        "ERRANDS_LEASE": "22.5",
        "ERRANDS_MIGRATE": "no",
        "ERRANDS_SYNCHRONOUS": "full",
    }

    settings = Settings.resolve({"url": "memory://", "concurrency": 7, "lease": None}, environment)

    assert settings.url == "memory://"
    assert settings.worker.concurrency == 7
    assert settings.worker.lease == timedelta(seconds=22.5)
    assert (settings.migrate, settings.synchronous) == (False, "FULL")


def test_the_url_of_the_environment_is_used_without_an_argument() -> None:
    environment = {"JOB_QUEUE_DATABASE_URL": "memory://"}

    assert Settings.resolve({"url": None}, environment).url == "memory://"
    assert Settings.resolve({}, {"JOB_QUEUE_DATABASE_URL": ""}).url == "sqlite:///./errands.db"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"url": " "}, "url"),
        ({"url": 5}, "url"),
        ({"synchronous": "OFF"}, "synchronous"),
        ({"migrate": "perhaps"}, "migrate"),
        ({"busy_timeout": -1}, "busy_timeout"),
        ({"queues": [1]}, "queues"),
        ({"concurrency": 0}, "concurrency"),
        ({"retention_every": 0}, "retention_every"),
        ({"lease": 10, "renewal": 6}, "renewal"),
    ],
)
def test_a_bad_setting_is_refused_by_name(given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidOption) as caught:
        Settings.resolve(given, {})

    assert caught.value.field == field


def test_a_variable_that_is_no_number_is_refused_by_its_name() -> None:
    with pytest.raises(InvalidOption) as caught:
        Settings.resolve({}, {"ERRANDS_LEASE": "soon"})

    assert caught.value.field == "ERRANDS_LEASE"


def test_an_unknown_setting_is_refused_by_name() -> None:
    with pytest.raises(UnknownOption, match="colour"):
        Settings.resolve({"colour": "red"}, {})


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ann:secret@host/db", "postgresql://ann:***@host/db"),
        ("postgresql://ann:se:cr@host:5432/db?x=1", "postgresql://ann:***@host:5432/db?x=1"),
        ("postgresql+psycopg://:secret@host/db", "postgresql+psycopg://:***@host/db"),
        ("postgresql://ann@host/db", "postgresql://ann@host/db"),
        ("sqlite:////tmp/a@b.db", "sqlite:////tmp/a@b.db"),
        ("postgresql://ann:p@ss@host/db", "postgresql://ann:***@host/db"),
        ("postgresql://ann:pa/ss@host/db", "postgresql://ann:***@host/db"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown
