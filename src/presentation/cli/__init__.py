"""The command line: `errands`."""

import sys
from collections.abc import Sequence

EXTRA = ("cyclopts", "rich")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit; without the extra that commands need, say which it is."""
    try:
        from .program import main as run
    except ModuleNotFoundError as error:
        if error.name not in EXTRA:
            raise
        sys.exit("errands: the command line is not installed: pip install 'errands[cli]'")
    run(arguments)
