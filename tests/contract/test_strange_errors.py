"""Exceptions whose own code fails: the run ends all the same, and its slot is free."""

import asyncio
from typing import Any

import pytest

from errands import Backoff, Errands, JobStatus, Queue
from errands.testing import run_until_idle


class Text(str):
    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        raise RuntimeError(f"no bytes of this, {encoding} or {errors}")


class TellsOddly(Exception):
    def __str__(self) -> str:
        return Text("odd")


class TellsByExit(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)


class WaitsByInterrupt(Exception):
    @property
    def retry_after(self) -> float:
        raise KeyboardInterrupt


@pytest.mark.parametrize("kind", [TellsOddly, TellsByExit, WaitsByInterrupt])
async def test_a_job_fails_whose_error_cannot_be_told(
    app: Errands, queue: Queue, kind: type[Exception]
) -> None:
    @app.handler("odd")
    async def odd(data: Any) -> None:
        raise kind

    job = await queue.add("odd", max_attempts=1)
    await run_until_idle(app)

    await job.refresh()
    assert job.status is JobStatus.FAILED
    assert job.failures[0].type


class NobodyExpectsIt(BaseException):
    pass


@pytest.mark.parametrize("kind", [NobodyExpectsIt, asyncio.CancelledError, SystemExit])
async def test_a_run_ends_whatever_its_backoff_raises(
    app: Errands, queue: Queue, kind: type[BaseException]
) -> None:
    @app.handler("odd")
    async def odd(data: Any) -> None:
        raise ValueError

    @app.backoff("odder")
    def odder(attempts: int, error: BaseException) -> float:
        raise kind

    job = await queue.add("odd", max_attempts=2, backoff=Backoff.custom("odder"))
    await asyncio.wait_for(run_until_idle(app), 10)

    assert (await job.refresh()).status is JobStatus.FAILED
    assert job.attempts_made == 2
