"""P4Info: ids, aliases, annotations, types; the expected numbers are those that p4c gives."""

from __future__ import annotations

import pytest
from finsy.proto import p4i

from switch.p4c import ir, tree
from switch.p4c.p4info import p4info_bytes, render, to_entries, to_p4info
from switch.p4c.p4info import symbols as kinds
from switch.p4c.p4info.fieldids import field_ids
from switch.p4c.p4info.symbols import Symbols, name_hash
from switch.p4c.source import Diagnostics
from switch.p4c.typesys import Bits, Enum, NewType, Struct, StructField
from tests.p4c.ir_builder import A, const, note, param, program, table


def p4info(p: ir.Program) -> p4i.P4Info:
    diagnostics = Diagnostics()
    result = to_p4info(p, diagnostics)
    assert diagnostics.render() == ""
    return result


def new_type(name: str, base: Bits, *annotations: tree.Annotation) -> NewType:
    node = tree.BitTypeNode(width=None, signed=False)
    return NewType(name, base, tree.TypedefDecl(name=name, type_node=node, new=True, annotations=list(annotations)))


def test_ids_are_prefix_and_hash() -> None:
    info = p4info(program(actions=[ir.Action("IngressI.drop", [], [])], tables=[table("IngressI.indirect")]))
    assert [a.preamble.id for a in info.actions] == [21257015, 23455883]
    assert info.tables[0].preamble.id == 46872340


def test_colliding_names_take_the_next_number_in_order_of_names() -> None:
    symbols = Symbols(Diagnostics())
    wanted = kinds.TABLE << 24 | name_hash("b") & 0xFFFFFF
    symbols.add(kinds.TABLE, "a", wanted)
    symbols.add(kinds.TABLE, "b")
    symbols.assign()
    assert (symbols.id(kinds.TABLE, "a"), symbols.id(kinds.TABLE, "b")) == (wanted, wanted + 1)


def test_id_annotation_gets_the_prefix_and_a_wrong_one_is_reported() -> None:
    diagnostics = Diagnostics()
    symbols = Symbols(diagnostics)
    symbols.add(kinds.TABLE, "t", 5)
    symbols.add(kinds.TABLE, "u", 0x03000001)
    symbols.assign()
    assert symbols.id(kinds.TABLE, "t") == 0x02000005
    assert "wrong 8-bit prefix" in diagnostics.render()


def test_alias_is_the_shortest_unique_suffix_over_all_types() -> None:
    symbols = Symbols(Diagnostics())
    symbols.add(kinds.TABLE, "i.x.rules")
    symbols.add(kinds.TABLE, "i.y.rules")
    symbols.add(kinds.ACTION, "i.drop")
    symbols.assign()
    assert [symbols.alias(n) for n in ("i.x.rules", "i.y.rules", "i.drop")] == ["x.rules", "y.rules", "drop"]


def test_field_ids_fill_the_gaps() -> None:
    given = [[], [note("id", "2")], [], [note("id", "0x10")], []]
    assert field_ids(given, Diagnostics()) == [1, 2, 3, 16, 4]


def test_annotations_are_shown_but_name_id_and_documentation_are_not() -> None:
    notes = [
        note("name", '"x"'), note("id", "7"), note("brief", '"short"'), note("foo", "a", "+", '"b"'), note("bar"),
    ]  # fmt: skip
    info = p4info(program(actions=[ir.Action("x", [], [], notes)]))
    preamble = info.actions[1].preamble
    assert list(preamble.annotations) == ['@foo(a + "b")', "@bar"]
    assert (preamble.id, preamble.doc.brief) == (0x01000007, "short")


def test_structured_annotations() -> None:
    pairs: dict[str, tree.Expr] = {"k": tree.StringLit(text="v")}
    notes = [
        tree.Annotation(name="list", structured=True, items=[tree.IntLit(number=1), tree.BoolLit(truth=True)]),
        tree.Annotation(name="map", structured=True, pairs=pairs),
    ]
    info = p4info(program(actions=[ir.Action("x", [], [], notes)]))
    first, second = info.actions[1].preamble.structured_annotations
    assert [e.int64_value or e.bool_value for e in first.expression_list.expressions] == [1, True]
    assert second.kv_pair_list.kv_pairs[0].value.string_value == "v"


def test_table_shows_keys_scopes_default_and_entries() -> None:
    act = ir.Action("ingress.set", [param("v", 12)], [])
    t = table(
        actions=["ingress.set"], kind="optional", entries=[ir.Entry([ir.EntryKey(5)], ir.ActionUse("NoAction"), 1)]
    )
    t.actions.append(ir.ActionUse("NoAction", annotations=[note("defaultonly")]))
    t.default, t.default_const = ir.ActionUse("ingress.set", [const(0x123, 12)]), True
    (shown,) = p4info(program(actions=[act], tables=[t])).tables
    assert (shown.match_fields[0].name, shown.match_fields[0].match_type) == (
        "hdr.ethernet.type",
        p4i.MatchField.OPTIONAL,
    )
    assert [(r.scope, list(r.annotations)) for r in shown.action_refs] == [(0, []), (2, ["@defaultonly"])]
    assert shown.const_default_action_id == shown.initial_default_action.action_id
    assert shown.initial_default_action.arguments[0].value == b"\x01\x23"
    assert (shown.has_initial_entries, shown.is_const_table, shown.size) == (True, False, 1024)


def test_hidden_objects_are_left_out() -> None:
    hidden = table()
    hidden.annotations = [note("hidden")]
    info = p4info(program(actions=[ir.Action("h", [], [], [note("hidden")])], tables=[hidden]))
    assert ([a.preamble.name for a in info.actions], list(info.tables)) == (["NoAction"], [])


def test_translated_type_and_its_width() -> None:
    port = new_type("port_t", Bits(9), note("p4runtime_translation", '"p4.org/port"', ",", "32"))
    info = p4info(program(actions=[ir.Action("x", [ir.ActionParam("p", 9, False, port)], [])]))
    (shown,) = info.actions[1].params
    assert (shown.bitwidth, shown.type_name.name) == (32, "port_t")
    translated = info.type_info.new_types["port_t"].translated_type
    assert (translated.uri, translated.sdn_bitwidth) == ("p4.org/port", 32)


def test_translation_to_string_has_no_width() -> None:
    port = new_type("port_t", Bits(9), note("p4runtime_translation", '"u"', ",", "string"))
    info = p4info(program(actions=[ir.Action("x", [ir.ActionParam("p", 9, False, port)], [])]))
    assert info.actions[1].params[0].bitwidth == 0
    assert info.type_info.new_types["port_t"].translated_type.HasField("sdn_string")


def test_digest_of_a_struct_describes_its_types() -> None:
    members = [tree.EnumMember(name="one", init=tree.IntLit(number=1))]
    decl = tree.EnumDecl(name="e_t", members=members)
    kind = Enum("e_t", ("one",), Bits(8), decl)
    struct = Struct("struct", "seen_t", fields=(StructField("a", Bits(32)), StructField("k", kind)))
    p = program()
    p.digests = [ir.Digest("seen_t", struct, [A])]
    info = p4info(p)
    assert info.digests[0].type_spec.struct.name == "seen_t"
    assert [m.name for m in info.type_info.structs["seen_t"].members] == ["a", "k"]
    assert info.type_info.serializable_enums["e_t"].members[0].value == b"\x01"


def test_direct_resources_and_profiles_are_linked_to_their_tables() -> None:
    t = table()
    t.direct_counter, t.action_profile = "ingress.hits", "ingress.ap"
    p = program(tables=[t])
    p.counters = [ir.Counter("ingress.hits", "packets", table="ingress.t"), ir.Counter("total", "bytes", size=4)]
    p.action_profiles = [ir.ActionProfile("ingress.ap", 64, "crc16", annotations=[note("max_group_size", "8")])]
    info = p4info(p)
    assert list(info.tables[0].direct_resource_ids) == [info.direct_counters[0].preamble.id]
    assert (info.counters[0].size, info.counters[0].spec.unit) == (4, p4i.CounterSpec.BYTES)
    (profile,) = info.action_profiles
    assert (list(profile.table_ids), profile.with_selector, profile.max_group_size) == (
        [info.tables[0].preamble.id], True, 8,
    )  # fmt: skip
    assert list(profile.preamble.annotations) == []


def test_packet_in_is_named_by_its_annotation() -> None:
    header = ir.ControllerHeader(
        "packet_in_t", ir.HeaderDef("packet_in_t", ()), [param("port", 9), param("pad", 7)],
        [note("controller_header", '"packet_in"')],
    )  # fmt: skip
    p = program()
    p.controller_headers = [header]
    (shown,) = p4info(p).controller_packet_metadata
    assert (shown.preamble.name, shown.preamble.alias) == ("packet_in", "packet_in")
    assert list(shown.preamble.annotations) == ['@controller_header("packet_in")']
    assert [(m.id, m.name, m.bitwidth) for m in shown.metadata] == [(1, "port", 9), (2, "pad", 7)]


def test_package_annotations() -> None:
    p = program()
    pairs: dict[str, tree.Expr] = {"name": tree.StringLit(text="n"), "version": tree.StringLit(text="3")}
    p.annotations = [tree.Annotation(name="pkginfo", pairs=pairs), note("mine")]
    package = p4info(p).pkg_info
    assert (package.arch, package.name, package.version, list(package.annotations)) == ("v1model", "n", "3", ["@mine"])


def test_type_info_appears_only_where_p4c_writes_it() -> None:
    assert not p4info(program()).HasField("type_info")
    assert p4info(program(tables=[table()])).HasField("type_info")
    assert p4info(program([ir.Primitive("mark_to_drop", [])])).HasField("type_info")


def test_text_starts_with_file_and_message_and_escapes_as_c_does() -> None:
    text = render(p4info(program(tables=[table("t.\u25d5")])))
    assert text.startswith(
        "# proto-file: p4/config/v1/p4info.proto\n# proto-message: p4.config.v1.P4Info\n\npkg_info {"
    )
    assert r'name: "t.\342\227\225"' in text


@pytest.mark.parametrize("ending", ["json", "bin", "txtpb"])
def test_formats_by_ending(ending: str) -> None:
    assert p4info_bytes(p4info(program()), f"x.{ending}")


def test_unknown_ending_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown file kind"):
        p4info_bytes(p4info(program()), "x.xml")


def test_entries_count_priorities_down_and_leave_out_what_does_not_matter() -> None:
    entries = [ir.Entry([ir.EntryKey(0x0801, mask=0xFF00)], ir.ActionUse("NoAction"), None),
               ir.Entry([ir.EntryKey(None)], ir.ActionUse("NoAction"), None)]  # fmt: skip
    request = to_entries(program(tables=[table(kind="ternary", entries=entries, entries_const=True)]), Diagnostics())
    first, second = (u.entity.table_entry for u in request.updates)
    assert (first.priority, first.is_const, first.match[0].ternary.value) == (2, True, b"\x08\x00")
    assert (second.priority, len(second.match)) == (1, 0)
