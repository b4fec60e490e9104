"""`python -m errands.presentation.cli`: how the supervisor starts its workers."""

from .program import main

main()
