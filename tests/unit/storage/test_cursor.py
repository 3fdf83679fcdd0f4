"""Cursors are opaque, and what we did not make is refused with a clear error."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from speechsvc.errors import InvalidInput
from speechsvc.storage.base import decode_cursor, encode_cursor


def test_a_position_comes_back_as_it_was() -> None:
    at = datetime(2026, 11, 23, 9, 0, 0, 123456, tzinfo=UTC)
    assert decode_cursor(encode_cursor(at, "call_1", 7), datetime, str, int) == (at, "call_1", 7)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "!!!",
        "e30",
        "W10",
        encode_cursor("a"),
        encode_cursor(1, "b"),
        encode_cursor("2026-01-01", "b"),
        "é",
        "A" * 5000,
    ],
)
def test_a_foreign_cursor_is_invalid_input(cursor: str) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        decode_cursor(cursor, datetime, str)
