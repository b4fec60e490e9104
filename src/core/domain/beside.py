"""Fields that say how something was found, and are no part of what it is."""

from __future__ import annotations

from typing import Final

BESIDE: Final = "beside"
"""The mark of such a field, in its metadata: copies and their checksums leave it out."""
