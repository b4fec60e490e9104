"""The command in an install without the extra that it needs."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
sys.modules[{module!r}] = None  # cannot be imported
from errands.presentation.cli import main
main(["queues", "list"])
"""


@pytest.mark.parametrize("module", ["cyclopts", "rich"])
def test_a_command_without_its_extra_names_it_in_one_line(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(module=module)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == (
        "errands: the command line is not installed: pip install 'errands[cli]'\n"
    )
