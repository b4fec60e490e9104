"""The way to the database, taken only by a command that runs: help loads no driver."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...infrastructure.di.operator import Operator


def operator_of(url: str | None) -> Operator:
    """The operator of the database that `--url`, the environment or the default names."""
    from ...infrastructure.di.operator import Operator

    return Operator(url)
