"""The messages of the mapping protocol: what is written is read again, and what makes no sense says what is wrong."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.mapping import Kind, Message, MessageError
from controller.mapping.protocol import SIZE

words = st.integers(0, (1 << 32) - 1)
messages = st.builds(
    Message,
    kind=st.sampled_from(Kind),
    vpc=st.integers(0, (1 << 24) - 1),
    address=st.ip_addresses(v=6),
    host=st.ip_addresses(v=4),
    other=st.ip_addresses(v=4),
    eni=words,
    version=words,
    source=st.ip_addresses(v=6),
    lifetime=words,
    sequence=words,
    ack_wanted=st.booleans(),
)
GOOD = Message(Kind.ANSWER, 1, IPv6Address("::1"), IPv4Address("172.31.0.1"))


@given(messages)
def test_what_is_encoded_is_decoded_again(message: Message) -> None:
    assert len(message.encode()) == SIZE
    assert Message.decode(message.encode()) == message


@given(st.binary(max_size=2 * SIZE))
def test_any_bytes_are_a_message_or_a_named_error(data: bytes) -> None:
    try:
        decoded = Message.decode(data).encode()
    except MessageError as error:
        decoded = data if error.field in ("length", "type", "flags", "reserved") else b"an error without a name"

    assert decoded == data


@pytest.mark.parametrize(
    ("offset", "value", "field"),
    [(0, 0, "type"), (0, 4, "type"), (1, 2, "flags"), (2, 1, "reserved"), (12, 1, "reserved")],
)
def test_a_wrong_byte_is_named(offset: int, value: int, field: str) -> None:
    data = bytearray(GOOD.encode())
    data[offset] = value

    with pytest.raises(MessageError) as error:
        Message.decode(bytes(data))

    assert error.value.field == field


@pytest.mark.parametrize("length", [0, SIZE - 1, SIZE + 1])
def test_a_wrong_length_is_named(length: int) -> None:
    with pytest.raises(MessageError, match=f"length: {length} bytes"):
        Message.decode(bytes(length))


def test_a_number_that_does_not_fit_is_named() -> None:
    with pytest.raises(MessageError, match="vpc: 16777216 is not between 0 and 16777215"):
        Message(Kind.ANSWER, 1 << 24, IPv6Address(0)).encode()
