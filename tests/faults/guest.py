"""Somebody who may use the tables of a database, and owns none of them."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa

from tests.faults.site import Site

ACCOUNT: Final = "errands_guest"
"""Its name, and its password."""


@contextmanager
def account(site: Site) -> Generator[str]:
    """The URL of an account that has rights on the tables alone."""
    who = f"{ACCOUNT}@'127.0.0.1'" if site.name == "mariadb" else ACCOUNT
    password = (
        f"IDENTIFIED BY '{ACCOUNT}'" if site.name == "mariadb" else f"LOGIN PASSWORD '{ACCOUNT}'"
    )
    site.run(f"CREATE USER {who} {password}")
    try:
        for table in _tables(site):
            site.run(f"GRANT ALL ON {table} TO {who}")
        address = sa.make_url(site.url).set(username=ACCOUNT, password=ACCOUNT)
        yield address.render_as_string(hide_password=False)
    finally:
        if site.name == "postgresql":
            site.run(f"DROP OWNED BY {who}")
        site.run(f"DROP USER {who}")


def _tables(site: Site) -> list[str]:
    if site.name == "postgresql":
        return ["ALL TABLES IN SCHEMA public", "ALL SEQUENCES IN SCHEMA public"]
    named = site.run(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
    )
    return [name for (name,) in named]
