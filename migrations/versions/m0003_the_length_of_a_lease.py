"""The length of a lease, beside the moment at which it ends."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision. On MariaDB and MySQL the column may be there already."""
    tables = _tables()
    if not (_is_mysql() and _has_column()):
        column = sa.Column("lease_ms", sa.BigInteger)
        op.add_column(f"{tables.prefix}job", column, schema=tables.schema)


def downgrade() -> None:
    """Go back to the one before."""
    tables = _tables()
    op.drop_column(f"{tables.prefix}job", "lease_ms", schema=tables.schema)


def _has_column() -> bool:
    columns = sa.inspect(op.get_bind()).get_columns(f"{_tables().prefix}job")
    return any(column["name"] == "lease_ms" for column in columns)


def _tables():
    """The tables to change: their prefix and schema."""
    return context.config.attributes["tables"]


def _is_mysql() -> bool:
    """Whether each step commits by itself: then it may have been taken already."""
    return op.get_bind().dialect.name in {"mysql", "mariadb"}
