"""How other interpreters are found for the suites."""

import pytest

from tests import pythons


def test_an_interpreter_is_found_by_its_version() -> None:
    assert pythons.interpreter(pythons.OWN) is not None
    assert pythons.interpreter("3.99") is None


def test_a_required_one_that_is_missing_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pythons, "VERSIONS", ("3.98", pythons.OWN))
    monkeypatch.setenv("ERRANDS_REQUIRE_PYTHONS", f"3.98,{pythons.OWN}")

    assert pythons.main([]) == 1
    told = capsys.readouterr().out
    assert "left out: Python 3.98" in told
    assert "Python 3.98 is required" in told


def test_one_that_is_missing_and_not_required_is_told_and_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pythons, "VERSIONS", ("3.98",))
    monkeypatch.delenv("ERRANDS_REQUIRE_PYTHONS", raising=False)

    assert pythons.main([]) == 0
    assert "left out: Python 3.98" in capsys.readouterr().out
