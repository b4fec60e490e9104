"""The README's first program runs as printed."""

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"


def first_program() -> str:
    match = re.search(
        r"^```python\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert match is not None
    return match.group(1)


def test_the_first_program_has_under_twenty_lines() -> None:
    assert len([line for line in first_program().splitlines() if line]) < 20


def test_the_first_program_prints_what_the_readme_says(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(first_program(), encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "hello.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "Hello, Ada!\n"), done.stderr
    assert (tmp_path / "hello.db").stat().st_mode & 0o777 == 0o600


def test_its_application_is_served_by_a_worker_program(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(first_program(), encoding="utf-8")
    asking = (
        "from hello import app\n"
        "with app.sync as errands:\n"
        "    job = errands.queue().add('greet', {'name': 'Grace'})\n"
        "    print(job.result(timeout=30))\n"
    )
    command = [sys.executable, "-m", "errands.presentation.cli", "worker", "hello:app"]

    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) as worker:
        asked = subprocess.run(
            [sys.executable, "-c", asking],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        worker.terminate()

    assert asked.stdout == "Hello, Grace!\n", asked.stderr
    assert worker.returncode == 0
