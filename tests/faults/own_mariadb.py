"""A MariaDB server of the tests' own."""

import sqlalchemy as sa

from tests.faults.own_server import OwnServer


class OwnMariadb(OwnServer):
    """Commits reach the system, not the disk: the faults are those of processes, not of power."""

    name = "mariadb"
    user = "mysql"
    places = ("usr/sbin", "usr/local/sbin", "opt/homebrew/opt/mariadb/bin")
    programs = ("mariadb-install-db", "mariadbd")

    @property
    def url(self) -> sa.URL:
        """See the class above."""
        return sa.make_url(f"mariadb://root@{self.host}:{self.port}/mysql")

    def make(self) -> None:
        """See the class above."""
        self.run(
            str(self.program("mariadb-install-db")),
            *(
                "--no-defaults",
                f"--datadir={self.data}",
                # A server that starts removes what others have in the folder of temporary files.
                f"--tmpdir={self.folder}",
                "--auth-root-authentication-method=normal",
            ),
            *("--skip-test-db", "--innodb-flush-log-at-trx-commit=2"),
        )

        (self.folder / "init").write_text(
            "CREATE USER IF NOT EXISTS root@'%';\nGRANT ALL ON *.* TO root@'%';\n", encoding="ascii"
        )

    def command(self) -> list[str]:
        """See the class above."""
        settings = {
            "datadir": str(self.data),
            "tmpdir": str(self.folder),
            "bind-address": self.host,
            "port": str(self.port),
            "socket": str(self.folder / "socket"),
            "init-file": str(self.folder / "init"),
            "pid-file": str(self.folder / "pid"),
            "innodb-flush-log-at-trx-commit": "2",
            "innodb-buffer-pool-size": "64M",
            "innodb-log-file-size": "48M",
            **self.options,
        }
        given = [f"--{name}={value}" for name, value in settings.items()]
        return [str(self.program("mariadbd")), "--no-defaults", *given]
