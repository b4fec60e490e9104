"""A connection of psycopg that waits for no answer without end."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import psycopg

from ..server.driver import ANSWER_SECONDS

Answers = Generator[Any, Any, Any]
"""What psycopg does to get the answers to what was sent, one step whenever the socket is ready."""


class BoundedConnection(psycopg.Connection[Any]):
    """Counts as lost when nothing came for so long of the answer that it waits for.

    The system notices a line that is not confirmed any more. It cannot see a balancer, proxy or
    tunnel that goes on confirming what it no longer forwards.
    """

    answer_seconds: float = ANSWER_SECONDS
    """How long the server may take for the next bytes of an answer."""

    def wait(self, gen: Answers, *given: Any, **named: Any) -> Any:
        """See the base class. Raises `OperationalError` for a line without a sign of life."""
        return super().wait(self.bounded(gen), *given, **named)

    def bounded(self, answers: Answers) -> Answers:
        """The same steps, broken off once the socket has not been ready for too long.

        Whoever waits for the socket takes a step now and then although it is not.
        """
        try:
            wanted, heard = next(answers), time.monotonic()
            while True:
                ready = yield wanted
                now = time.monotonic()
                if ready:
                    heard = now
                elif now - heard > self.answer_seconds:
                    self.close()
                    raise psycopg.OperationalError(f"no answer for {self.answer_seconds:g} s")
                wanted = answers.send(ready)
        except StopIteration as end:
            return end.value
