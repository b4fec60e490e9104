"""Gives each peer an environment of its own, below build/peers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import rmtree, which
from typing import Final

from tests.benchmarks.peers.peer import Peer
from tests.benchmarks.processes import ROOT

ENVIRONMENTS: Final = ROOT / "build" / "peers"
STAMP: Final = "installed.txt"
LONGEST_SECONDS: Final = 600


class NotInstalled(RuntimeError):
    """A peer can't be had here; says why in a sentence."""


def folder_of(peer: Peer) -> Path:
    """Its environment; for ourselves the project, which has one already."""
    return ROOT if peer.is_ours else ENVIRONMENTS / peer.name


def command_of(peer: Peer) -> list[str]:
    """What starts its program."""
    if peer.is_on_node:
        return ["node", str(peer.script)]
    if peer.is_ours:
        return [sys.executable, str(peer.script)]
    return [str(folder_of(peer) / "bin" / "python"), str(peer.script)]


def install(peer: Peer) -> None:
    """Install the newest versions, unless that was done before; raises `NotInstalled`."""
    folder, wanted = folder_of(peer), "\n".join(peer.installs)
    stamp = folder / STAMP
    if peer.is_ours or (stamp.exists() and stamp.read_text() == wanted):
        return
    rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if peer.is_on_node:
        _install_by_npm(peer, folder)
    else:
        _install_by_pip(peer, folder)
    stamp.write_text(wanted)


def _install_by_npm(peer: Peer, folder: Path) -> None:
    for program in ("node", "npm"):
        if which(program) is None:
            raise NotInstalled(f"there is no {program} here")
    (folder / "package.json").write_text("{}\n")
    _run(["npm", "install", "--silent", "--no-audit", "--no-fund", *peer.installs], folder)


def _install_by_pip(peer: Peer, folder: Path) -> None:
    _run([_python_for(peer), "-m", "venv", str(folder)], folder)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "-qq"]
    _run([*pip, "install", *peer.installs], folder)


def _python_for(peer: Peer) -> str:
    """Our own interpreter where it is new enough, else the newest that is and makes venvs."""
    check = f"import ensurepip, sys; sys.exit(sys.version_info < {peer.least_python})"
    for candidate in _pythons():
        tried = subprocess.run([candidate, "-c", check], capture_output=True, check=False)
        if tried.returncode == 0:
            return candidate
    raise NotInstalled(f"it needs Python {'.'.join(map(str, peer.least_python))}")


def _pythons() -> Iterator[str]:
    yield str(Path(sys.executable).resolve())
    for minor in range(15, 10, -1):
        if found := which(f"python3.{minor}"):
            yield found
    # pyenv puts a name on the path for every version, but only the chosen ones answer to it.
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    yield from map(str, sorted(versions.glob("3.1[1-9]*/bin/python"), reverse=True))


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise NotInstalled(said[-1] if said else f"{command[0]} failed")
