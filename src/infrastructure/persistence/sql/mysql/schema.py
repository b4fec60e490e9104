"""The tables as MariaDB and MySQL have them."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from sqlalchemy import BigInteger, Column, Sequence, Table, literal_column

from ..schema import Tables
from ..types import MARIADB_BINARY, MYSQL_BINARY

STORAGE: Final[dict[str, Any]] = {"mysql_engine": "InnoDB", "mariadb_engine": "InnoDB"}


class MysqlTables(Tables):
    """Whole indexes, on columns that are NULL in most rows where others have partial ones.

    An entry that stays NULL costs nothing when the job changes. Sequences come from an
    AUTO_INCREMENT whose rows go with the transaction that drew them: the counter is nobody's.
    """

    collation: ClassVar[str] = MYSQL_BINARY
    drawn: Table
    now = literal_column("timestampdiff(MICROSECOND, '1970-01-01', utc_timestamp(3)) DIV 1000")
    place = literal_column("concat_ws(' ', @@server_uuid, database())")

    def _add_sequences(self) -> None:
        value = Column("value", BigInteger, primary_key=True, autoincrement=True)
        self.drawn = self._table("sequence", [value])

    def _storage(self, name: str) -> dict[str, Any]:
        return STORAGE

    def _add_indexes(self) -> None:
        job, event = self.jobs.c, self.events.c
        order = [job.queue, job.status, job.priority.desc(), job.turn, job.sequence]
        self._index("job_id", [job.id, job.queue], unique=True)
        self._index("job_claim", order)
        self._index("job_due", [job.run_at, job.sequence])
        self._index("job_lease", [job.lease_expires_at])
        self._index("job_flagged", [job.worker])
        self._index("job_lapse", [job.lapses_at])
        self._index("job_finished", [job.queue, job.status, job.finished_at, job.key])
        self._index("job_purge", [job.purge_at])
        self._index("event_job", [event.job_id, event.queue, event.id])


class MariadbTables(MysqlTables):
    """Sequences come from a SEQUENCE, which belongs to no transaction.

    It has no cache: so it tells exactly how far it has come.
    """

    collation: ClassVar[str] = MARIADB_BINARY
    place = literal_column("concat_ws(' ', @@hostname, @@port, @@datadir, @@server_id, database())")
    sequence: Sequence

    def _add_sequences(self) -> None:
        self.sequence = Sequence(f"{self.prefix}job_sequence", metadata=self.metadata, cache=0)
