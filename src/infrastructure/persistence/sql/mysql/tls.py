"""What PyMySQL needs to encrypt a line, made once for many of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

LASTS_SECONDS: Final = 60.0
"""How long it is used again: certificates that were replaced are read by then."""


def sharing_tls(plain: Any) -> Callable[..., Any]:
    """PyMySQL's connections, of one set of options, that share their TLS context.

    PyMySQL makes one for each try to connect, before it tries: it reads all authorities of the
    system, 25 ms, and takes half a megabyte. What a failed try leaves in cycles of frames is not
    collected for long, as they are few objects.
    """
    kept: list[tuple[float, Any]] = []

    def context(self: Any, options: Any) -> Any:
        now = time.monotonic()
        if not kept or kept[0][0] < now:
            made = plain._create_ssl_ctx(self, options)
            kept[:] = [(now + LASTS_SECONDS, made)]
        return kept[0][1]

    return type("Connection", (plain,), {"_create_ssl_ctx": context})
