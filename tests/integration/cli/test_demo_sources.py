"""Which files the demo analyses, also where Python comes without its tests."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from errands.presentation.cli.demo.sources import BROKEN, find_sources


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A standard library of one module, without a test folder."""
    library = tmp_path / "library"
    library.mkdir()
    (library / "colors.py").write_text("red = 1\n")

    def path_of(_name: str) -> str:
        return str(library)

    monkeypatch.setattr(sysconfig, "get_path", path_of)
    return library


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Where the demo puts what it makes."""
    made = tmp_path / "made"
    made.mkdir()
    return made


@pytest.mark.usefixtures("library")
def test_a_python_without_its_tests_gets_broken_files_and_is_told(made: Path) -> None:
    sources = find_sources(made, None)

    assert "ships without its test folder" in sources.note
    assert [source.name for source in sources.files] == [
        "colors.py",
        *(f"made-for-the-demo/{name}" for name in BROKEN),
    ]
    assert all(source.path.is_file() for source in sources.files)


def test_a_python_with_its_tests_is_analysed_as_it_is(library: Path, made: Path) -> None:
    tests = library / "test"
    tests.mkdir()
    for number in range(100):
        (tests / f"test_{number}.py").write_text("")

    sources = find_sources(made, None)

    assert "test folder" not in sources.note
    assert len(sources.files) == 101
    assert list(made.iterdir()) == []


def test_installed_packages_are_not_the_standard_library(library: Path, made: Path) -> None:
    foreign = library / "site-packages"
    foreign.mkdir()
    (foreign / "other.py").write_text("")

    assert "other.py" not in {source.path.name for source in find_sources(made, None).files}
