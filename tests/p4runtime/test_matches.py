"""Match fields: every kind, "don't care", priorities, and byte strings."""

from typing import Any

import pytest
from finsy.proto import p4r

from switch.p4runtime.bytestring import canonical, from_int, signed_from_int, signed_to_int, to_fixed
from switch.p4runtime.errors import P4RuntimeError

from .world import INSERT, World

IP = b"\x0a\x00\x00\x00"
Fields = dict[str, Any]


def acl(world: World, priority: int = 10, **fields: Any) -> p4r.TableEntry:
    return world.entry("acl", world.action("drop"), priority, **fields, is_ipv4=b"\x01")


def test_all_kinds_in_one_key_are_read_back_canonically(world: World) -> None:
    world.write((INSERT, acl(world, src=(b"\0" + IP, b"\0\xff\0\0\0"), len=(b"\0\x05", b"\0\x09"), proto=b"\0\x06")))
    assert world.reads("acl") == [acl(world, src=(IP, b"\xff\0\0\0"), len=(b"\x05", b"\x09"), proto=b"\x06")]


def test_left_out_fields_match_everything_and_stay_left_out(world: World) -> None:
    world.write((INSERT, acl(world)))
    assert world.reads("acl") == [acl(world)]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"src": (b"\0", b"\0")}, "field 'src' (ternary): a mask of 0 matches everything; leave the field out"),
        ({"len": (b"\0", b"\xff\xff")}, "field 'len' (range): the range holds every value; leave the field out"),
        ({"len": (b"\x09", b"\x05")}, "field 'len' (range): low 0x09 is above high 0x05"),
        ({"src": (b"\x0f", b"\xf0")}, "field 'src' (ternary): value 0x0f has bits set outside mask 0xf0"),
    ],
)
def test_matches_that_are_not_canonical_are_refused_by_name(world: World, fields: Fields, words: str) -> None:
    code, said = world.refused(INSERT, acl(world, **fields))
    assert code == "INVALID_ARGUMENT"
    assert words in said


@pytest.mark.parametrize(
    ("value", "length", "words"),
    [
        (IP, 0, "prefix length of 0"),
        (IP, 33, "prefix length 33 is not between 1 and 32"),
        (IP, -1, "prefix length -1"),
        (b"\x0a\x00\x00\x01", 24, "bits set outside prefix length 24"),
    ],
)
def test_prefixes_are_checked(world: World, value: bytes, length: int, words: str) -> None:
    code, said = world.refused(INSERT, world.entry("route", world.action("drop"), dst=(value, length)))
    assert code == "INVALID_ARGUMENT"
    assert words in said


def test_the_same_key_with_another_priority_is_another_entry(world: World) -> None:
    world.write((INSERT, acl(world, 10)), (INSERT, acl(world, 20)))
    assert sorted(entry.priority for entry in world.reads("acl")) == [10, 20]


def test_priorities_are_needed_or_forbidden_by_the_key(world: World) -> None:
    assert "a priority above 0 is needed" in world.refused(INSERT, acl(world, 0))[1]
    assert "priority -1" in world.refused(INSERT, acl(world, -1))[1]
    exact = world.entry("route", world.action("drop"), 5, dst=(IP, 8))
    assert "it must be 0" in world.refused(INSERT, exact)[1]


def test_an_exact_field_may_not_be_left_out(world: World) -> None:
    code, words = world.refused(INSERT, world.entry("host", world.action("NoAction"), src=IP, dst=IP))
    assert code == "INVALID_ARGUMENT"
    assert "field 'proto' (exact, 8 bits) is missing" in words


def test_unknown_doubled_and_mistaken_fields_are_named(world: World) -> None:
    entry = world.entry("smac", world.action("NoAction"), mac=b"\x01")
    entry.match[0].field_id = 9
    assert "there is no match field 9; fields are 1 'mac'" in world.refused(INSERT, entry)[1]
    entry = world.entry("smac", world.action("NoAction"), mac=b"\x01")
    entry.match.append(entry.match[0])
    assert "field 'mac' is given twice" in world.refused(INSERT, entry)[1]
    entry = world.entry("smac", world.action("NoAction"))
    entry.match.add(field_id=1).lpm.prefix_len = 4
    assert "the match given is lpm, exact is expected" in world.refused(INSERT, entry)[1]


def test_the_order_of_fields_in_a_message_does_not_matter(world: World) -> None:
    entry = world.entry("host", world.action("NoAction"), proto=b"\x06", dst=b"\x02", src=b"\x01")
    world.write((INSERT, entry))
    sorted_entry = world.entry("host", world.action("NoAction"), src=b"\x01", dst=b"\x02", proto=b"\x06")
    assert world.reads("host") == [sorted_entry]


# The tables of valid and invalid byte strings in the P4Runtime specification.


@pytest.mark.parametrize(
    ("width", "given", "number"),
    [(8, b"\x63", 99), (16, b"\x00\x63", 99), (16, b"\x30\x64", 12388), (12, b"\x00\x00\x63", 99), (16, b"\0", 0)],
)
def test_byte_strings_of_any_length_are_taken(width: int, given: bytes, number: int) -> None:
    assert int.from_bytes(to_fixed(given, width), "big") == number
    assert canonical(to_fixed(given, width)) == from_int(number)


@pytest.mark.parametrize(
    ("width", "given"),
    [(8, b"\x01\x63"), (8, b""), (16, b"\1\0\x63"), (12, b"\x10\x63"), (12, b"\1\0\x63"), (12, b"\0\x40\x63")],
)
def test_byte_strings_that_do_not_fit_are_out_of_range(width: int, given: bytes) -> None:
    with pytest.raises(P4RuntimeError, match="OUT_OF_RANGE"):
        to_fixed(given, width)


@pytest.mark.parametrize(
    ("width", "given", "number", "short"),
    [
        (8, b"\x63", 99, b"\x63"),
        (8, b"\xff\x9d", -99, b"\x9d"),
        (12, b"\xfd\x1d", -739, b"\xfd\x1d"),
        (16, b"\0\0", 0, b"\0"),
    ],
)
def test_signed_byte_strings(width: int, given: bytes, number: int, short: bytes) -> None:
    assert signed_to_int(given, width) == number
    assert signed_from_int(number) == short


@pytest.mark.parametrize(("width", "given"), [(8, b"\x00\x9d"), (12, b"\x8d\x1d"), (16, b"")])
def test_signed_byte_strings_that_do_not_fit_are_out_of_range(width: int, given: bytes) -> None:
    with pytest.raises(P4RuntimeError, match="OUT_OF_RANGE"):
        signed_to_int(given, width)
