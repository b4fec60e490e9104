"""Whether a path still leads to the file that was opened."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import attrs

from .....core.domain.store_errors import StoreUnavailable


@attrs.frozen
class FileIdentity:
    """A database file, told apart from another one that takes its place.

    SQLite would go on with a file that has no name any more: what is added there is lost
    with the last descriptor, and no other process sees it.
    """

    path: Path
    url: str
    device: int
    number: int

    @classmethod
    def of(cls, path: str, url: str) -> Self:
        """The file that is at this path now."""
        found = Path(path).stat()
        return cls(Path(path), url, found.st_dev, found.st_ino)

    def require(self) -> None:
        """Raise `StoreUnavailable` if the path leads elsewhere, or nowhere."""
        try:
            found = self.path.stat()
        except OSError as error:
            reason = f"the file was removed while it was open ({error.strerror})"
            raise StoreUnavailable(self.url, reason) from error
        if (found.st_dev, found.st_ino) != (self.device, self.number):
            raise StoreUnavailable(self.url, "the file was replaced while it was open")

    def is_at(self, path: str) -> bool:
        """Whether a path, by whatever name or link, leads to this file."""
        try:
            found = Path(path).stat()
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == (self.device, self.number)
