"""A database for each fault, on each store that the fault is about, and processes to kill."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import stores
from tests.faults import hosts as several_hosts
from tests.faults.crew import Crew
from tests.faults.hosts import Host, Network
from tests.faults.own_mariadb import OwnMariadb
from tests.faults.own_postgresql import OwnPostgresql
from tests.faults.own_server import OwnServer, require
from tests.faults.site import Site, site_of, site_on_own

SERVERS = tuple(name for name in ("postgresql", "mariadb") if name in stores.SERVERS)
KINDS: dict[str, type[OwnServer]] = {"postgresql": OwnPostgresql, "mariadb": OwnMariadb}
FIGURES = "figures"
LONG = "long: takes a while; left out unless asked for by `-m long`, as `make faults` does"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", LONG)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long ones out of an ordinary run."""
    if "long" in (config.option.markexpr or ""):
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(params=["sqlite", *SERVERS])
def store_name(request: pytest.FixtureRequest) -> str:
    """Each store that outlives its process."""
    return str(request.param)


@pytest.fixture
def site(store_name: str, tmp_path: Path) -> Iterator[Site]:
    """An empty database on each store; on a server, the one that the suites share."""
    with site_of(store_name, tmp_path) as site:
        yield site


@pytest.fixture
def bare_site(store_name: str, tmp_path: Path) -> Iterator[Site]:
    """An empty database without the schema on each store."""
    with site_of(store_name, tmp_path, is_migrated=False) as site:
        yield site


@pytest.fixture
def crew(site: Site) -> Iterator[Crew]:
    """Starts programs on the test's database, and ends those that are left."""
    with Crew(site.url) as crew:
        yield crew


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Takes figures down; they are printed in the end, also where the test passes."""
    return lambda text: record_property(FIGURES, text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests have told, in whichever process they ran."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    told = [text for each in reports for name, text in each.user_properties if name == FIGURES]
    if told:
        terminalreporter.section("figures")
    for text in told:
        terminalreporter.write_line(str(text))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the test's own SQLite file is or will be."""
    return tmp_path / "jobs.db"


@pytest.fixture
def url(path: Path) -> str:
    """The URL of that file."""
    return f"sqlite:///{path}"


def _own(kind: type[OwnServer], host: str = "127.0.0.1") -> Iterator[OwnServer]:
    require(kind)
    with kind(host) as server:
        yield server


@pytest.fixture(scope="session")
def own_postgresql() -> Iterator[OwnServer]:
    """A PostgreSQL server of this process."""
    yield from _own(OwnPostgresql)


@pytest.fixture(scope="session")
def own_mariadb() -> Iterator[OwnServer]:
    """A MariaDB server of this process."""
    yield from _own(OwnMariadb)


@pytest.fixture(params=SERVERS)
def own(request: pytest.FixtureRequest) -> Iterator[OwnServer]:
    """Each server in turn, to do anything to; the next test finds it running."""
    server: OwnServer = request.getfixturevalue(f"own_{request.param}")
    yield server
    if not server.is_alive:
        server.start()


@pytest.fixture
def own_site(own: OwnServer) -> Iterator[Site]:
    """An empty database on the test's own server."""
    with site_on_own(own) as site:
        yield site


@pytest.fixture
def own_crew(own_site: Site) -> Iterator[Crew]:
    """Starts programs on that database, and ends those that are left."""
    with Crew(own_site.url) as crew:
        yield crew


@pytest.fixture(scope="session")
def network() -> Iterator[Network]:
    """A network of this process, for hosts."""
    network = several_hosts.require()
    yield network
    network.__exit__()


@pytest.fixture
def hosts(network: Network) -> Iterator[list[Host]]:
    """Three hosts."""
    with network.hosts(3) as hosts:
        yield hosts


@pytest.fixture(scope="session")
def remote_postgresql(network: Network) -> Iterator[OwnServer]:
    """A PostgreSQL server that hosts reach."""
    yield from _own(OwnPostgresql, network.address)


@pytest.fixture(scope="session")
def remote_mariadb(network: Network) -> Iterator[OwnServer]:
    """A MariaDB server that hosts reach."""
    yield from _own(OwnMariadb, network.address)


@pytest.fixture(params=SERVERS)
def remote_site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """An empty database on each of these servers."""
    with site_on_own(request.getfixturevalue(f"remote_{request.param}")) as site:
        yield site


@pytest.fixture
def remote_crew(remote_site: Site, hosts: list[Host]) -> Iterator[Crew]:
    """Starts programs on the hosts, in turn, and ends those that are left."""
    with Crew(remote_site.url, hosts) as crew:
        yield crew
