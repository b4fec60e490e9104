"""Columns and their types, spelt for each engine: names compare byte by byte."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Column, Integer, String, Text
from sqlalchemy.dialects.mysql import LONGTEXT
from sqlalchemy.types import TypeEngine

LONGEST_NAME: Final = 255
MARIADB_BINARY: Final = "utf8mb4_nopad_bin"
MYSQL_BINARY: Final = "utf8mb4_0900_bin"
"""Collations that compare bytes and do not pad: `a` and `a ` are two names."""


def _text_of(length: int) -> String:
    return (
        String(length)
        .with_variant(String(length, collation="C"), "postgresql")
        .with_variant(String(length, collation=MYSQL_BINARY), "mysql")
        .with_variant(String(length, collation=MARIADB_BINARY), "mariadb")
    )


KEY: Final = BigInteger().with_variant(Integer(), "sqlite")
NAME: Final = _text_of(LONGEST_NAME)
STATUS: Final = _text_of(30)
TEXT: Final = (
    Text()
    .with_variant(LONGTEXT(collation=MYSQL_BINARY), "mysql")
    .with_variant(LONGTEXT(collation=MARIADB_BINARY), "mariadb")
)


def key(name: str, type_: TypeEngine[Any]) -> Column[Any]:
    """A column of the primary key, whose values are given."""
    return Column(name, type_, primary_key=True, autoincrement=False)


def required(name: str, type_: TypeEngine[Any]) -> Column[Any]:
    """A column that is never NULL."""
    return Column(name, type_, nullable=False)


def optional(name: str, type_: TypeEngine[Any]) -> Column[Any]:
    """A column that may be NULL."""
    return Column(name, type_)
