"""Jobs in MariaDB and MySQL."""
