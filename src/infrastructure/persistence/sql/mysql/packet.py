"""How long a statement may be."""

from __future__ import annotations

from typing import Final

import attrs

LEAST_PACKET: Final = 1024 * 1024
"""What any server takes unless somebody has set it to less."""


@attrs.define(eq=False)
class Packet:
    """How many bytes the server takes in one statement; each connection asks anew."""

    longest: int = LEAST_PACKET
