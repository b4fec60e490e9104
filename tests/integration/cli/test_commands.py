"""The list of commands says what the commands say of themselves."""

from __future__ import annotations

from importlib import import_module

import pytest

from errands.presentation.cli.commands import COMMANDS, Command


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.words))
def test_a_summary_is_the_first_sentence_of_its_function(command: Command) -> None:
    module, _, name = command.place.partition(":")
    function = getattr(import_module(f"errands.presentation.cli.{module}"), name)

    assert (function.__doc__ or "").splitlines()[0] == command.summary
