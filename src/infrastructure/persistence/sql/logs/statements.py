"""The statements about log lines."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, func, select

from ....cached_property import cached_property
from ..statement import Query, Statement
from ..syntax import SqlSyntax
from .table import LOG


class LogStatements:
    """Statements over the table of log lines. Each names its parameters in order."""

    def __init__(self, syntax: SqlSyntax) -> None:
        self.syntax = syntax
        self.tables = syntax.tables

    @cached_property
    def newest_lines(self) -> Statement:
        """The newest log lines of a job, newest first."""
        log = self.tables.logs.c
        newest = self._of_log(select(log.number, log.at, log.text)).order_by(log.number.desc())
        return Statement(self.syntax.first(newest), ["of_key", "most"])

    @cached_property
    def last_line(self) -> Statement:
        """The number of a job's newest log line."""
        return Statement(self._of_log(select(func.max(self.tables.logs.c.number))), ["of_key"])

    @cached_property
    def count_lines(self) -> Statement:
        """How many log lines a job has."""
        lines = select(func.count()).select_from(self.tables.logs)
        return Statement(self._of_log(lines), ["of_key"])

    def _of_log(self, query: Query) -> Query:
        return query.where(self.tables.logs.c.job_key == bindparam("of_key"))

    @cached_property
    def append_line(self) -> Statement:
        """Write a log line."""
        line = self.tables.logs.insert().values({name: bindparam(name) for name in LOG})
        return Statement(line, LOG)

    @cached_property
    def drop_lines(self) -> Statement:
        """Remove a job's log lines up to a number."""
        log = self.tables.logs
        old = (log.c.job_key == bindparam("of_key")) & (log.c.number <= bindparam("up_to"))
        return Statement(delete(log).where(old), ["of_key", "up_to"])
