"""What is on the disk is what is installed."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from tests.architecture.source import MIGRATIONS, PACKAGE, ROOT


def listed_packages() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages: list[str] = project["tool"]["setuptools"]["packages"]
    return packages


def folders_with_code(root: Path, name: str) -> set[str]:
    return {
        ".".join((name, *module.parent.relative_to(root).parts)) for module in root.rglob("*.py")
    }


def shipped_files(root: Path, prefix: str) -> set[str]:
    return {
        f"{prefix}/{path.relative_to(root).as_posix()}"
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_package_list_names_every_folder_on_the_disk() -> None:
    on_disk = folders_with_code(PACKAGE, "errands") | folders_with_code(
        MIGRATIONS, "errands.migrations"
    )

    assert set(listed_packages()) == on_disk


def test_the_package_list_is_sorted_and_names_each_package_once() -> None:
    packages = listed_packages()

    assert packages == sorted(set(packages))


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_wheel_built_from_the_source_distribution_holds_every_file(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (checkout / name).write_bytes((ROOT / name).read_bytes())
    for folder in (PACKAGE, MIGRATIONS):
        copytree(folder, checkout / folder.name, ignore=ignore_patterns("__pycache__"))

    build = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path, checkout],
        capture_output=True,
        text=True,
        check=False,
    )

    assert build.returncode == 0, build.stdout + build.stderr
    (wheel,) = tmp_path.glob("errands-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    expected = shipped_files(PACKAGE, "errands") | shipped_files(MIGRATIONS, "errands/migrations")
    assert "errands/py.typed" in expected
    assert "errands/migrations/script.py.mako" in expected
    assert expected - held == set()
