"""Column types, spelt for each engine: names compare byte by byte, in every one of them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Integer, String, Text
from sqlalchemy.dialects.mysql import LONGTEXT

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
