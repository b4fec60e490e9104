"""A transaction of one message, sent and awaited on an event loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NoReturn

from ..server.loop_runner import NotPipelined, PipelinedTransaction
from .sql_connection import Text, joined
from .transaction import PostgresqlTransaction

LOOK_AGAIN: Final = 1.0
"""Seconds after which a socket is looked at that says nothing. The driver's default is to spin."""


class PostgresqlMessage(PostgresqlTransaction, PipelinedTransaction):
    """Only what can be kept back; see `PipelinedTransaction`."""

    def executed(self, texts: Sequence[Text]) -> NoReturn:
        """See the base class. Whoever calls this wants the answer now."""
        raise NotPipelined

    async def commit_on_loop(self) -> None:
        late = self._late()
        if not late:
            return
        from psycopg import waiting

        line = self.connection.pgconn
        text, values = joined(late)
        query: str = self.connection.cursor().mogrify(text, values or None)
        line.send_query(query.encode())
        self._check(await waiting.wait_async(self._answers(), line.socket, LOOK_AGAIN))

    def finish(self) -> None:
        from psycopg import waiting

        line = self.connection.pgconn
        self._check(waiting.wait(self._answers(), line.socket, LOOK_AGAIN))

    def _answers(self) -> Any:
        from psycopg import generators

        return self.connection.bounded(generators.execute(self.connection.pgconn))

    def _check(self, answers: Sequence[Any]) -> None:
        from psycopg import errors, pq

        for answer in answers:
            if answer.status == pq.ExecStatus.FATAL_ERROR:
                raise errors.error_from_result(answer)
            self.ensure_written((answer.command_status or b"").decode())
