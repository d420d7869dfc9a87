from __future__ import annotations

import json

import pytest

from readiness.tofu.state import NotAStateError, parse, payload_chunk

STATE = {
    "version": 4,
    "serial": 7,
    "lineage": "l",
    "outputs": {"secret": {"value": "s", "type": "string", "sensitive": True}},
    "resources": [
        {
            "mode": "managed",
            "module": 'module.m["x"]',
            "type": "terraform_data",
            "name": "member",
            "instances": [
                {"index_key": "a", "attributes": {"input": {"value": "1", "type": "string"}}},
                {"index_key": 0, "attributes": {"input": None}},
            ],
        },
        {"mode": "data", "type": "t", "name": "n", "instances": [{"attributes": {}}]},
        {
            "mode": "managed",
            "type": "terraform_data",
            "name": "member",
            "instances": [{"attributes": {"input": "2"}}],
        },
    ],
    "check_results": None,
}


def test_a_state_is_read() -> None:
    snapshot = parse(json.dumps(STATE).encode() + b"\n")
    assert (snapshot.serial, snapshot.lineage, snapshot.empty) == (7, "l", False)
    assert list(snapshot.resources) == [
        'module.m["x"].terraform_data.member["a"]',
        'module.m["x"].terraform_data.member[0]',
        "data.t.n",
        "terraform_data.member",
    ]
    assert snapshot.inputs("member") == {"": "2"}
    assert "sensitive" not in repr(snapshot)


def test_content_ignores_serial_and_order_but_nothing_else() -> None:
    one = parse(json.dumps(STATE).encode())
    assert parse(json.dumps(STATE | {"serial": 8}, indent=1).encode()).content() == one.content()
    assert parse(json.dumps(STATE | {"outputs": {}}).encode()).content() != one.content()
    assert one.digest == parse(json.dumps(STATE).encode() + b"\n").digest


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"null", b"[]", json.dumps(STATE).encode()[:-20], b'{"version": 3}']
)
def test_anything_else_is_no_state(body: bytes) -> None:
    with pytest.raises(NotAStateError):
        parse(body)


def test_a_payload_chunk_is_half_a_mib_and_unique() -> None:
    chunk = payload_chunk("seed", 0)
    assert 524_288 <= len(chunk) < 530_000
    assert chunk != payload_chunk("seed", 1) != payload_chunk("other", 1)
