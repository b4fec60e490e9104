"""The table of jobs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Integer

from ..types import KEY, NAME, STATUS, TEXT, key, optional, required


def columns() -> list[Column[Any]]:
    """The columns, for a new set of tables."""
    return [
        key("key", KEY),
        required("queue", NAME),
        required("id", NAME),
        required("name", NAME),
        required("created_at", BigInteger()),
        optional("policy", TEXT),
        optional("labels", TEXT),
        required("status", STATUS),
        required("priority", Integer()),
        required("turn", BigInteger()),
        required("sequence", BigInteger()),
        required("attempts_made", Integer()),
        required("starts", Integer()),
        required("crashes", Integer()),
        required("put_offs", Integer()),
        required("releases", Integer()),
        optional("token", NAME),
        optional("worker", NAME),
        optional("lease_expires_at", BigInteger()),
        optional("cancel_requested_at", BigInteger()),
        optional("cancel_reason", TEXT),
        optional("run_at", BigInteger()),
        optional("lapses_at", BigInteger()),
        optional("started_at", BigInteger()),
        optional("finished_at", BigInteger()),
        optional("purge_at", BigInteger()),
        optional("failures", TEXT),
        optional("result", TEXT),
        required("version", BigInteger()),
        optional("progress", TEXT),
        optional("state", TEXT),
        required("data", TEXT),
        optional("lease_ms", BigInteger()),
    ]
