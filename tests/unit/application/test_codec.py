import dataclasses
import datetime
import enum
import uuid
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errands import InvalidPayload, PayloadTooLarge
from errands.infrastructure.codec import JsonCodec

LIMIT = 10_000
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abü", max_size=3), inner),
    max_leaves=10,
)


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    colour: Colour
    at: datetime.datetime
    tag: uuid.UUID | None = None


@given(json_values)
def test_json_values_come_back_as_they_were(value: Any) -> None:
    codec = JsonCodec()

    assert codec.decode(codec.encode(value, field="data", limit=10**6)) == value


def test_typed_values_come_back_by_their_shape() -> None:
    codec = JsonCodec()
    point = Point(
        1, Colour.RED, datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), uuid.UUID(int=5)
    )

    text = codec.encode(point, field="data", limit=LIMIT)

    assert codec.decoder(Point)(text) == point
    with pytest.raises(InvalidPayload, match="is not a Point"):
        codec.decoder(Point)('{"x": "one"}')


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        [None, {"a": float("inf")}],
        "a\0b",
        {"\0": 1},
        "\ud800",
        {"a": ["\udfff"]},
        2**64,
        -(2**63) - 1,
        {"a": [2**70]},
        object(),
        {1: object()},
    ],
    ids=count(),
)
def test_what_no_database_can_keep_is_refused_by_field(value: Any) -> None:
    with pytest.raises(InvalidPayload) as caught:
        JsonCodec().encode(value, field="state", limit=LIMIT)

    assert caught.value.field == "state"


def test_the_limit_counts_utf8_bytes() -> None:
    codec = JsonCodec()

    assert codec.encode("ü", field="data", limit=4) == '"ü"'
    with pytest.raises(PayloadTooLarge, match="4 bytes of JSON, more than 3"):
        codec.encode("ü", field="data", limit=3)


def test_an_escaped_backslash_before_u0000_is_no_nul() -> None:
    codec = JsonCodec()

    assert codec.decode(codec.encode("\\u0000", field="data", limit=LIMIT)) == "\\u0000"


@pytest.mark.parametrize("leaf", [1, None, 10**18, "\\u0000", [], {}], ids=count())
@pytest.mark.parametrize("levels", [127, 129, 495, 990, 5_000])
def test_only_what_any_interpreter_can_read_again_is_kept(levels: int, leaf: Any) -> None:
    codec, value = JsonCodec(), leaf
    for level in range(levels):
        value = {"in": value} if level % 2 else [value]

    if levels < 128:
        assert codec.decode(codec.encode(value, field="data", limit=LIMIT)) == value
    else:
        with pytest.raises(InvalidPayload) as caught:
            codec.encode(value, field="data", limit=LIMIT)
        assert caught.value.field == "data"


def test_many_containers_side_by_side_are_not_deep() -> None:
    codec, wide = JsonCodec(), [{"a": [number]} for number in range(300)]

    assert codec.decode(codec.encode(wide, field="data", limit=LIMIT)) == wide
