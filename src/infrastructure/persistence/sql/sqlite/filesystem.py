"""Whether a file system can hold a database in WAL mode."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from .....core.domain.store_errors import StoreUnavailable

MOUNTS: Final = Path("/proc/self/mountinfo")
"""Where Linux tells what is mounted; see proc_pid_mountinfo(5). Nowhere else is it asked."""

REFUSED: Final = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs"),
        *("fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "fuse.davfs2", "davfs"),
    }
)
"""Kinds whose files several machines share. 9p and virtiofs are not among them: virtual
machines and containers use them for folders of one host, and there WAL works."""

_BEFORE_KIND: Final = "-"


def require_local(path: Path, url: str) -> None:
    """Raise `StoreUnavailable` where the folder of a database is on a network file system.

    SQLite's write-ahead log needs memory that all processes share, which machines do not,
    and locks that network file systems have only in part (https://sqlite.org/wal.html).
    """
    kind = kind_of(path.parent)
    if kind in REFUSED:
        reason = f"is on {kind}, a network file system: SQLite's write-ahead log needs a local disk"
        raise StoreUnavailable(url, reason)


def kind_of(folder: Path) -> str | None:
    """The kind of the file system that a folder is on, None where nobody tells."""
    try:
        mounts = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
        return kind_among(mounts, str(folder.resolve()))
    except OSError:
        return None


def kind_among(mounts: str, folder: str) -> str | None:
    """The kind of the mount nearest above a folder, of those told in the form of `MOUNTS`.

    Of two mounts at one place the later one counts: it lies over the other.
    """
    nearest, kind = "", None
    for line in mounts.splitlines():
        words = line.split(" ")
        if _BEFORE_KIND not in words[6:]:
            continue
        at = _unescaped(words[4])
        if _is_below(folder, at) and len(at) >= len(nearest):
            nearest, kind = at, words[words.index(_BEFORE_KIND, 6) + 1]
    return kind


def _is_below(folder: str, mount: str) -> bool:
    return folder == mount or folder.startswith(mount.rstrip("/") + "/")


def _unescaped(text: str) -> str:
    """Spaces and the like are told as a backslash and three octal digits."""
    for sign in (" ", "\t", "\n", "\\"):
        text = text.replace(f"\\{ord(sign):03o}", sign)
    return text
