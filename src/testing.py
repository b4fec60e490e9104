"""What users and store authors test with.

`FakeClock`, `SequentialIds` and `FaultyStore` stand in for parts of an `application`,
`run_until_idle` runs its jobs without a worker program, `StoreContract` is what every
store has to pass. With `pytest_plugins = ["errands.testing"]` in a `conftest.py`, pytest
has the fixtures `errands_app`, `errands_sqlite_app` and `errands_clock`.
"""

from __future__ import annotations

from importlib.util import find_spec

from .infrastructure.testing import (
    FakeClock,
    FaultyStore,
    SequentialIds,
    StoreContract,
    application,
    run_until_idle,
)

__all__ = [
    "FakeClock",
    "FaultyStore",
    "SequentialIds",
    "StoreContract",
    "application",
    "run_until_idle",
]

if find_spec("pytest") is not None:
    from .infrastructure.testing.fixtures import (
        errands_app,
        errands_clock,
        errands_sqlite_app,
        errands_sqlite_template,
    )

    __all__ += ["errands_app", "errands_clock", "errands_sqlite_app", "errands_sqlite_template"]
