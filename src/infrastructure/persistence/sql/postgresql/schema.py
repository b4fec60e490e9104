"""The tables as PostgreSQL has them."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Sequence, literal_column
from sqlalchemy.sql import ColumnElement

from ..schema import Tables

STORAGE: Final[dict[str, dict[str, Any]]] = {
    "job": {
        "fillfactor": 80,
        "autovacuum_vacuum_scale_factor": 0.02,
        "autovacuum_vacuum_threshold": 1000,
        "autovacuum_analyze_scale_factor": 0.05,
        "autovacuum_vacuum_cost_delay": 0,
    },
    "event": {
        "autovacuum_vacuum_scale_factor": 0.05,
        "autovacuum_vacuum_insert_scale_factor": 0.05,
    },
    "queue": {"fillfactor": 50, "autovacuum_vacuum_threshold": 50},
}
"""A job's row is written about four times in its life: room for that, and early cleaning."""


class PostgresqlTables(Tables):
    """Partial indexes, and sequences from a SEQUENCE: it belongs to no transaction."""

    sequence: Sequence
    now = literal_column("CAST(extract(epoch FROM statement_timestamp()) * 1000 AS BIGINT)")
    place = literal_column(
        "concat_ws(' ', CAST(extract(epoch FROM pg_postmaster_start_time()) * 1000000 AS BIGINT), "
        "(SELECT oid FROM pg_database WHERE datname = current_database()), tableoid)"
    )

    def _add_sequences(self) -> None:
        self.sequence = Sequence(
            f"{self.prefix}job_sequence", metadata=self.metadata, data_type=BigInteger
        )

    def _storage(self, name: str) -> dict[str, Any]:
        return {"postgresql_with": STORAGE[name]} if name in STORAGE else {}

    def _in_order_of(self, at: ColumnElement[Any]) -> list[ColumnElement[Any]]:
        return [at, self.jobs.c.key]

    def _when(self, condition: str | None) -> dict[str, Any]:
        return {} if condition is None else {"postgresql_where": literal_column(condition)}
