"""Every Python example of the README and the documentation runs as it is printed.

The blocks of one page are one program, in a folder of its own; what is not to run is
marked as text.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def program(page: Path) -> str:
    """The blocks of a page, each on the lines that it has there."""
    text = page.read_text(encoding="utf-8")
    lines = [""] * (text.count("\n") + 1)
    for block in BLOCK.finditer(text):
        first = text.count("\n", 0, block.start(1))
        code = block.group(1).splitlines()
        lines[first : first + len(code)] = code
    return "\n".join(lines) + "\n"


WITH_EXAMPLES = [page for page in PAGES if BLOCK.search(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path) -> None:
    script = tmp_path / f"{page.stem}.py"
    script.write_text(program(page), encoding="utf-8")

    done = subprocess.run(
        [sys.executable, script.name], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, f"{page.relative_to(ROOT)}:\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr


def test_no_example_hides_behind_another_spelling() -> None:
    fences = {
        f"{page.relative_to(ROOT).as_posix()}: {fence.strip()}"
        for page in PAGES
        for fence in re.findall(r"^ *```py.*$", page.read_text(encoding="utf-8"), re.MULTILINE)
    }

    assert {fence for fence in fences if not fence.endswith(": ```python")} == set()
