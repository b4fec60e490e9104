"""Hosts with addresses of their own: network namespaces on a bridge.

All names begin with that of the network, which carries the id of this process. What is there
goes when the block ends, and when the process is killed; what should be left all the same, the
next network sweeps.
"""

import fcntl
import os
import re
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

import attrs
import pytest

from tests import stores
from tests.faults.leash import Leash

SUBNETS: Final = 512
"""Those of 24 bits in 198.18.0.0/15, which is set aside for trying out networks (RFC 2544)."""
LOCK: Final = Path(tempfile.gettempdir()) / "errands-networks.lock"

_REMOVE: Final = """
for host in $(ip netns list | cut -d ' ' -f 1 | grep "^$1-"); do
    ip netns pids "$host" | xargs -r kill -9
    ip netns del "$host"
done
ip link del "$1"
"""


class NoNetwork(Exception):
    """This machine, or this user, makes no network."""


@attrs.frozen
class Host:
    """A place for programs. Its name is that of its namespace."""

    name: str
    address: str
    port: str
    """The other end of its cable, which is plugged into the bridge."""
    bridge: str

    @property
    def command(self) -> tuple[str, ...]:
        """What to write before a command so that it runs here."""
        return ("ip", "netns", "exec", self.name)

    def cut_off(self) -> None:
        """Lose every packet from and to it, without a word to either side."""
        _ip("link", "set", self.port, "nomaster")

    def bring_back(self) -> None:
        """Lose nothing any more."""
        _ip("link", "set", self.port, "master", self.bridge)


class Network:
    """A bridge, at which this machine has an address, and hosts at it that reach nobody else."""

    def __init__(self) -> None:
        self.name = f"errands{os.getpid()}"
        self._subnet = ""
        self._leash: Leash | None = None
        self._made = 1

    @property
    def address(self) -> str:
        """Where hosts reach this machine."""
        return f"{self._subnet}.1"

    @contextmanager
    def hosts(self, count: int) -> Generator[list[Host]]:
        """So many, for as long as the block runs; programs should have left them by then."""
        made = [self._make_host() for _ in range(count)]
        try:
            yield made
        finally:
            for host in made:
                _ip("netns", "del", host.name)

    def __enter__(self) -> Self:
        """Raises `NoNetwork` where it cannot be made."""
        if os.geteuid() != 0:
            raise NoNetwork("needs a network of hosts; root alone can make one")
        try:
            with LOCK.open("w", encoding="ascii") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                sweep()
                self._leash = Leash("sh", "-c", _REMOVE, "sh", self.name)
                self._subnet = _free_subnet()
                self._make_bridge()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._leash is not None:
            remove(self.name)
            self._leash.let_go()

    def _make_bridge(self) -> None:
        _ip("link", "add", self.name, "address", _mac(1), "type", "bridge")
        _ip("address", "add", f"{self.address}/24", "dev", self.name)
        _ip("link", "set", self.name, "up")

    def _make_host(self) -> Host:
        """Neighbours are told to each other for good, or a cut would soon be noticed by them."""
        self._made = number = self._made % 250 + 1
        host = Host(
            name=f"{self.name}-{number}",
            address=f"{self._subnet}.{number}",
            port=f"e{os.getpid()}-{number}",
            bridge=self.name,
        )
        here, there = (), ("-n", host.name)
        cable = ("peer", "name", "eth0", "address", _mac(number), "netns", host.name)
        _ip("netns", "add", host.name)
        _ip("link", "add", host.port, "type", "veth", *cable)
        _ip("link", "set", host.port, "master", self.name, "up")
        _ip(*there, "address", "add", f"{host.address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            _ip(*there, "link", "set", device, "up")
        for where, whom, mac, device in (
            (here, host.address, _mac(number), self.name),
            (there, self.address, _mac(1), "eth0"),
        ):
            told = ("lladdr", mac, "dev", device, "nud", "permanent")
            _ip(*where, "neighbour", "replace", whom, *told)
        return host


def require() -> Network:
    """A network to enter; skips the test where none can be made, or fails it."""
    network = Network()
    try:
        return network.__enter__()
    except NoNetwork as error:
        if set(stores.SERVERS) <= set(stores.required()):
            pytest.fail(str(error))
        pytest.skip(str(error))


def sweep() -> None:
    """Remove what processes that are gone have left."""
    listed = _ip("-o", "link", "show", "type", "bridge") + _ip("netns", "list")
    for name, pid in set(re.findall(r"\b(errands(\d+))\b", listed)):
        if not Path(f"/proc/{pid}").exists():
            remove(name)


def remove(name: str) -> None:
    """Remove a network, with hosts and programs on them that are left."""
    subprocess.run(["sh", "-c", _REMOVE, "sh", name], capture_output=True, check=False)


def _free_subnet() -> str:
    """Its first three numbers."""
    taken = _ip("-o", "-4", "address", "show")
    for step in range(SUBNETS):
        number = (os.getpid() + step) % SUBNETS
        subnet = f"198.{18 + number // 256}.{number % 256}"
        if f" {subnet}." not in taken:
            return subnet
    raise NoNetwork("needs a network of hosts; every subnet is taken")


def _mac(number: int) -> str:
    return f"02:00:00:00:00:{number:02x}"


def _ip(*arguments: str) -> str:
    try:
        done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NoNetwork("needs a network of hosts; missing: ip (iproute2)") from None
    if done.returncode != 0:
        command = " ".join(arguments)
        raise NoNetwork(f"needs a network of hosts; ip {command}: {done.stderr.strip()}")
    return done.stdout
