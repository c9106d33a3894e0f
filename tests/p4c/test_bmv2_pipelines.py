"""Pipelines: few nodes, linked as the program says; tables and their entries."""

from __future__ import annotations

from switch.p4c import ir
from switch.p4c.bmv2 import to_json
from switch.p4c.source import Diagnostics
from tests.p4c.bmv2_text import action_named, show_action, show_pipeline
from tests.p4c.ir_builder import FLAG, A, B, add_one, const, no_action, param, program, table

T = ir.ApplyTable("ingress.t")


def pipeline(*body: ir.Stmt, tables: list[ir.Table] | None = None) -> list[str]:
    diagnostics = Diagnostics()
    json = to_json(program(body, tables=tables or [table()]), diagnostics)
    assert diagnostics.render() == ""
    return show_pipeline(json)


def test_statements_without_tables_become_one_action() -> None:
    body = [add_one(), ir.If(FLAG, [add_one()], [add_one(B)]), ir.Labelled("x", [ir.If(FLAG, [ir.Leave("x")])])]
    assert pipeline(*body) == ["ingress.do_1:  -> end"]


def test_a_table_splits_the_row() -> None:
    assert pipeline(add_one(), add_one(), T, add_one(B)) == [
        "ingress.do_1:  -> ingress.t",
        "ingress.t: NoAction -> ingress.do_2",
        "ingress.do_2:  -> end",
    ]


def test_return_over_a_table_is_a_condition_that_leads_to_the_end() -> None:
    guard = ir.If(ir.Unary(0, "!", ir.IsValid(0, "ethernet")), [ir.Leave("return")])
    assert pipeline(ir.Labelled("return", [guard, T]), add_one()) == [
        "ingress.if_1: not(d2b(ethernet.$valid$)) -> ingress.do_1, else -> ingress.t",
        "ingress.do_1:  -> end",
        "ingress.t: NoAction -> ingress.do_1",
    ]


def test_hit_and_miss_branches() -> None:
    apply = ir.ApplyTable("ingress.t", hit=[add_one()], miss=[])
    assert pipeline(apply, add_one(B))[0] == "ingress.t: __HIT__ -> ingress.do_1, __MISS__ -> ingress.do_2"


def test_switch_on_the_action() -> None:
    t = table(actions=["ingress.x", "ingress.y", "NoAction"])
    apply = ir.ApplyTable("ingress.t", cases={"ingress.x": [add_one()]}, default=[add_one(B)])
    p = program([apply], [ir.Action("ingress.x", [], []), ir.Action("ingress.y", [], [])], [t])
    json = to_json(p, Diagnostics())
    assert show_pipeline(json)[0] == (
        "ingress.t: ingress.x -> ingress.do_1, ingress.y -> ingress.do_2, NoAction -> ingress.do_2"
    )
    assert json["pipelines"][0]["tables"][0]["base_default_next"] == "ingress.do_2"


def test_loop_around_a_table_is_a_cycle() -> None:
    done = ir.If(ir.Binary(0, "==", A, const(3)), [ir.Leave("break")])
    body = ir.Labelled("break", [ir.Loop([done, add_one(), T])])
    assert pipeline(body) == [
        "ingress.if_1: (scalars.a == 3) -> end, else -> ingress.do_1",
        "ingress.do_1:  -> ingress.t",
        "ingress.t: NoAction -> ingress.if_1",
    ]


def test_exit_is_part_of_the_action_and_nothing_follows_it() -> None:
    json = to_json(program([add_one(), ir.Exit(), T], tables=[table()]), Diagnostics())
    assert show_pipeline(json) == ["ingress.do_1:  -> end"]
    assert show_action(action_named(json, "ingress.do_1"))[-1] == "exit()"


def test_table_applied_twice_with_equal_successors_is_one_node() -> None:
    assert (
        pipeline(ir.If(FLAG, [add_one(), T], [T]))[0]
        == "ingress.if_1: d2b(scalars.flag) -> ingress.do_1, else -> ingress.t"
    )


def test_table_applied_twice_with_different_successors_notes_the_place() -> None:
    diagnostics = Diagnostics()
    json = to_json(program([T, add_one(), T], tables=[table()]), diagnostics)
    assert show_pipeline(json) == [
        "ingress.do_1:  -> ingress.t",
        "ingress.t: NoAction -> ingress.if_1",
        "ingress.if_1: (scalars.$site0 == 0) -> ingress.do_2, else -> end",
        "ingress.do_2:  -> ingress.do_3",
        "ingress.do_3:  -> ingress.t",
    ]
    assert show_action(action_named(json, "ingress.do_3")) == ["assign(scalars.$site0, 1)"]
    assert "table ingress.t is applied in several places that go on differently" in diagnostics.render()


def test_keys_entries_and_default_entry() -> None:
    entries = [
        ir.Entry([ir.EntryKey(0x800)], ir.ActionUse("ingress.set", [const(5)]), None),
        ir.Entry([ir.EntryKey(0x86DD, mask=0xFFF0)], ir.ActionUse("NoAction"), None),
        ir.Entry([ir.EntryKey(None)], ir.ActionUse("NoAction"), None),
    ]
    t = table(actions=["ingress.set", "NoAction"], kind="ternary", entries=entries, entries_const=True)
    act = ir.Action("ingress.set", [param("v", 32)], [ir.Assign(A, ir.ParamRef(32, "v"))])
    (item,) = to_json(program([T], [act], [t]), Diagnostics())["pipelines"][0]["tables"]

    assert item["key"] == [
        {"match_type": "ternary", "name": "hdr.ethernet.type", "target": ["ethernet", "type"], "mask": None}
    ]
    assert (item["match_type"], item["type"], item["max_size"]) == ("ternary", "simple", 3)
    assert [(e["match_key"][0]["key"], e["match_key"][0]["mask"], e["priority"]) for e in item["entries"]] == [
        ("0x0800", "0xffff", 1),
        ("0x86dd", "0xfff0", 2),
        ("0x0000", "0x0000", 3),
    ]
    assert item["entries"][0]["action_entry"] == {"action_id": 1, "action_data": ["0x00000005"]}
    assert item["default_entry"]["action_id"] == 0


def test_initial_entries_stand_in_order_of_precedence_with_their_priority() -> None:
    entries = [ir.Entry([ir.EntryKey(n)], ir.ActionUse("NoAction"), priority) for n, priority in ((1, 10), (2, 30))]
    t = table(kind="ternary", entries=entries)
    (item,) = to_json(program([T], tables=[t]), Diagnostics())["pipelines"][0]["tables"]
    assert [(e["match_key"][0]["key"], e["priority"], e["p4_priority"]) for e in item["entries"]] == [
        ("0x0002", 1, 30),
        ("0x0001", 2, 10),
    ]
    assert item["max_size"] == 1024


def test_const_entries_without_an_entry_still_close_the_table() -> None:
    (item,) = to_json(program([T], tables=[table(entries_const=True)]), Diagnostics())["pipelines"][0]["tables"]
    assert (item["entries"], item["max_size"]) == ([], 1024)


def test_two_lpm_keys_are_reported() -> None:
    t = table(kind="lpm")
    t.keys = t.keys * 2
    diagnostics = Diagnostics()
    to_json(program([T], tables=[t]), diagnostics)
    assert "multiple LPM keys in table ingress.t" in diagnostics.render()


def test_the_same_program_gives_the_same_json() -> None:
    first = to_json(program([add_one(), T, add_one()], tables=[table()]), Diagnostics())
    assert first == to_json(program([add_one(), T, add_one()], tables=[table()]), Diagnostics())
    assert no_action().name in [a["name"] for a in first["actions"]]


def test_source_info_names_line_and_text() -> None:
    diagnostics = Diagnostics()
    diagnostics.sources["test.p4"] = {7: "  a = a + 1;"}
    json = to_json(program([add_one()]), diagnostics, source_info=True)
    (call,) = action_named(json, "ingress.do_1")["primitives"]
    assert call["source_info"] == {"filename": "test.p4", "line": 7, "column": 3, "source_fragment": "a = a"}
