"""Values as JSON text that the store can hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from ..ports.codec import Codec
from ..ports.store import Store


@attrs.frozen(eq=False)
class StorableCodec(Codec):
    """A codec that refuses, where a value comes in, what its database could never take.

    Whoever adds such data or reports such progress learns of it at the call, by the name of the
    field; a result of this kind is a failed attempt of its job.
    """

    codec: Codec
    store: Store

    def encode(self, value: Any, *, field: str, limit: int) -> str:
        """See the port; `PayloadTooLarge` also beyond what the store can hold."""
        text = self.codec.encode(value, field=field, limit=limit)
        self.store.ensure_room(text, field)
        return text

    def decode(self, text: str) -> Any:
        return self.codec.decode(text)

    def decoder(self, shape: Any) -> Callable[[str], Any]:
        return self.codec.decoder(shape)
