"""JSON that others wrote is read fast where it is plain, and all the same where it is not."""

from __future__ import annotations

import json

import pytest

from registry_dagster.tables.json_text import json_value


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [1, -0.5, 1e3, true, null, "é"], "a": 2}',
        '{"limit": NaN}',
        '"\\ud800"',
        "\ufeff5",
        "9223372036854775807",
        "[" * 500 + "]" * 500,
    ],
)
def test_what_pythons_own_reader_takes_is_read_alike(text: str) -> None:
    data = text.encode()
    assert repr(json_value(data)) == repr(json.loads(data))


@pytest.mark.parametrize("data", [b"", b"{", b'{"a": 1}}', b"\0", b'{"a": 1}\0', b"'a'", b'"\xff"', b"[" * 10**5])
def test_what_is_not_json_is_one_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        json_value(data)
