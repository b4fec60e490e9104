"""The network of hosts itself: who reaches whom, and what it leaves behind."""

import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.faults.hosts import Host, Network
from tests.forked import ROOT

MAKER = """
import sys
from tests.faults.hosts import Network

with Network() as network, network.hosts(2):
    print(network.name, flush=True)
    sys.stdin.read()
"""
CALLER = """
import socket, sys
socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=float(sys.argv[3]))
"""


def test_a_host_reaches_this_machine_unless_it_is_cut_off(
    network: Network, hosts: list[Host]
) -> None:
    host = hosts[0]
    with socket.create_server((network.address, 0)) as server:
        port = server.getsockname()[1]
        assert called(host, network.address, port, timeout=20) == ""

        host.cut_off()
        assert "TimeoutError" in called(host, network.address, port, timeout=0.5)

        host.bring_back()
        assert called(host, network.address, port, timeout=20) == ""


@pytest.mark.parametrize("way", ["end", "kill"])
def test_a_network_goes_with_its_process_however_that_ends(network: Network, way: str) -> None:
    maker = subprocess.Popen(
        [sys.executable, "-c", MAKER],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert maker.stdout is not None
    name = maker.stdout.readline().strip()
    assert is_there(name)

    if way == "kill":
        maker.kill()
    maker.communicate()

    assert maker.returncode == (-signal.SIGKILL if way == "kill" else 0)
    started = time.monotonic()
    while is_there(name):
        assert time.monotonic() - started < 20
        time.sleep(0.02)


def called(host: Host, address: str, port: int, *, timeout: float) -> str:
    """What went wrong when a program on a host called somebody."""
    command = [*host.command, sys.executable, "-c", CALLER, address, str(port), str(timeout)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def is_there(name: str) -> bool:
    """Whether a network's bridge, or a host of it, is there."""
    listed = [["ip", "-o", "link"], ["ip", "netns", "list"]]
    return any(name in subprocess.check_output(command, text=True) for command in listed)
