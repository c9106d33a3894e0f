"""Entries in plain values become P4Runtime messages, or an error that says what is wrong."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network

import pytest
from finsy.proto import p4i
from google.protobuf import text_format

from controller.p4rt import Entry, FieldError, Schema, TableError

TWO_OF_A_NAME = """
tables {
  preamble { id: 11 name: "nacl.inbound.rule" alias: "nacl.inbound.rule" }
  match_fields { id: 1 name: "port" bitwidth: 16 match_type: EXACT }
  action_refs { id: 1 }
  size: 8
}
actions {
  preamble { id: 1 name: "nacl.inbound.allow" alias: "nacl.inbound.allow" }
}
tables {
  preamble { id: 12 name: "security_group.inbound.rule" alias: "security_group.inbound.rule" }
  match_fields { id: 1 name: "port" bitwidth: 16 match_type: EXACT }
  action_refs { id: 2 }
  size: 8
}
actions {
  preamble { id: 2 name: "security_group.inbound.allow" alias: "security_group.inbound.allow" }
}
"""


def test_an_entry_survives_the_way_there_and_back(schema: Schema) -> None:
    entry = Entry("route", {"table": 7, "destination": (int(IPv6Address("fd00::")), 64)}, "to_port", port=3, mac=5)

    assert schema.decode(schema.encode(entry)) == entry


def test_networks_addresses_and_macs_are_plain_values(schema: Schema) -> None:
    entry = Entry(
        "route", {"table": 7, "destination": IPv6Network("fd00::/64")}, "to_port", port=3, mac="00:00:00:00:00:05"
    )

    message = schema.encode(entry)

    assert message.match[1].lpm.prefix_len == 64
    assert [p.value for p in message.action.action.params] == [b"\x03", b"\x05"]


def test_members_of_enums_are_given_by_name(schema: Schema) -> None:
    message = schema.encode(Entry("route", {"table": 1}, "refuse", reason="BLACKHOLE"))

    assert message.action.action.params[0].value == b"\x08"


def test_ternary_and_range_take_pairs(schema: Schema) -> None:
    entry = Entry("acl.rules", {"source": (0x0A000000, 0xFF000000), "port": (80, 90)}, "refuse", priority=5, reason=7)

    message = schema.encode(entry)

    assert message.priority == 5
    assert message.match[0].ternary.mask == b"\xff\x00\x00\x00"
    assert schema.decode(message) == entry


def test_a_table_that_does_not_exist_gets_a_suggestion(schema: Schema) -> None:
    with pytest.raises(TableError, match=r"no table rout; did you mean route\?"):
        schema.encode(Entry("rout", {"table": 1}, "refuse", reason=7))


def test_a_value_that_is_too_large_is_named_with_what_is_allowed(schema: Schema) -> None:
    with pytest.raises(FieldError, match=r"table route: port = 512 does not fit: 9 bits, at most 0x1ff"):
        schema.encode(Entry("route", {"table": 1}, "to_port", port=512, mac=1))


def test_a_missing_exact_field_is_named(schema: Schema) -> None:
    with pytest.raises(TableError, match="exact match field table needs a value"):
        schema.encode(Entry("route", {}, "refuse", reason=7))


def test_unknown_fields_actions_and_parameters_are_named(schema: Schema) -> None:
    with pytest.raises(TableError, match="table route has no match field dst"):
        schema.encode(Entry("route", {"table": 1, "dst": 1}, "refuse", reason=7))
    with pytest.raises(TableError, match=r"table acl\.rules has no action to_port"):
        schema.encode(Entry("acl.rules", {}, "to_port", port=1))
    with pytest.raises(TableError, match="action refuse needs parameter reason"):
        schema.encode(Entry("route", {"table": 1}, "refuse"))
    with pytest.raises(TableError, match="action refuse has no parameter why"):
        schema.encode(Entry("route", {"table": 1}, "refuse", reason=7, why=1))


def test_actions_that_only_their_whole_names_tell_apart_are_read() -> None:
    p4info = text_format.Parse(TWO_OF_A_NAME, p4i.P4Info())

    schema = Schema(p4info)

    for number, table in ((1, "nacl.inbound.rule"), (2, "security_group.inbound.rule")):
        message = schema.encode(Entry(table, {"port": 80}, "allow"))
        assert message.action.action.action_id == number
        assert schema.decode(message).action == "allow"
