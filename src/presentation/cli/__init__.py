"""The command line: `errands`."""

from .program import main as main
