"""The parser's states in BMv2 JSON, the storage and the deparser."""

from __future__ import annotations

from typing import Any

from switch.p4c import ir
from switch.p4c.bmv2 import to_json
from switch.p4c.source import Diagnostics
from tests.p4c.bmv2_text import action_named, show, show_action
from tests.p4c.ir_builder import ETHER_TYPE, FLAG, LABEL, A, B, add_one, const, program

START = ir.Extract(ir.HeaderRef("ethernet"))


def states(*items: ir.ParserState, expected: str = "") -> dict[str, Any]:
    diagnostics = Diagnostics()
    json = to_json(program(states=items), diagnostics)
    assert expected in diagnostics.render()
    return {state["name"]: state for state in json["parsers"][0]["parse_states"]}


def ops(state: dict[str, Any]) -> list[str]:
    return [f"{op['op']}({', '.join(_op_text(p) for p in op['parameters'])})" for op in state["parser_ops"]]


def _op_text(parameter: dict[str, Any]) -> str:
    if "op" in parameter:
        return f"{parameter['op']}({', '.join(show(p) for p in parameter['parameters'])})"
    return show(parameter) if parameter["type"] != "lookahead" else f"lookahead{parameter['value']}"


def transitions(state: dict[str, Any]) -> list[tuple[str | None, str | None, str | None]]:
    return [(t["value"], t["mask"], t["next_state"]) for t in state["transitions"]]


def test_extract_into_header_and_stack_with_length() -> None:
    body = [START, ir.Extract(ir.HeaderRef("labels", "next")), ir.Extract(ir.HeaderRef("labels", "next"), A)]
    (start,) = states(ir.ParserState("start", list(body), next="accept")).values()
    assert [op["parameters"][0] for op in start["parser_ops"]] == [
        {"type": "regular", "value": "ethernet"},
        {"type": "stack", "value": "labels"},
        {"type": "stack", "value": "labels"},
    ]
    assert ops(start)[2] == "extract_VL(labels, scalars.a)"
    assert transitions(start) == [(None, None, None)]


def test_select_pads_each_key_to_bytes_and_adds_a_state_for_no_match() -> None:
    keys: list[ir.Expr] = [ETHER_TYPE, ir.StackFieldRef(20, "labels", "last", "id")]
    cases = [
        ir.SelectCase([ir.KeyMatch(0x800), ir.KeyMatch(5)], "accept"),
        ir.SelectCase([ir.KeyMatch(0x86DD, 0xFFF0), ir.KeyMatch(None)], "more"),
    ]
    found = states(ir.ParserState("start", [START], keys, cases), ir.ParserState("more", [], next="accept"))
    assert found["start"]["transition_key"][1] == {"type": "stack_field", "value": ["labels", "id"]}
    assert transitions(found["start"]) == [
        ("0x0800000005", None, None),
        ("0x86d0000000", "0xfff0000000", "more"),
        (None, None, "noMatch"),
    ]
    assert ops(found["noMatch"]) == ["verify(false, 2)"]


def test_cases_after_the_default_are_left_out() -> None:
    cases = [ir.SelectCase([ir.KeyMatch(None)], "accept"), ir.SelectCase([ir.KeyMatch(1)], "start")]
    found = states(ir.ParserState("start", [START], [ETHER_TYPE], cases))
    assert list(found) == ["start"]
    assert transitions(found["start"]) == [(None, None, None)]


def test_computed_key_and_lookahead_inside_an_expression_go_by_scratch_fields() -> None:
    ahead = ir.Binary(16, "+", ir.Lookahead(16, 8), const(1, 16))
    body = [ir.Assign(A, ir.Lookahead(32, 0)), ir.Assign(B, ir.Cast(32, ahead))]
    key = ir.Binary(32, "&", A, B)
    cases = [ir.SelectCase([ir.KeyMatch(None)], "accept")]
    (start,) = states(ir.ParserState("start", list(body), [key], cases)).values()
    assert ops(start) == [
        "set(scalars.a, lookahead[0, 32])",
        "set(scalars.$lookahead0, lookahead[8, 16])",
        "set(scalars.b, ((scalars.$lookahead0 + 1) & 65535))",
        "set(scalars.$key1, (scalars.a & scalars.b))",
    ]
    assert start["transition_key"] == [{"type": "field", "value": ["scalars", "$key1"]}]


def test_other_statements_are_primitives() -> None:
    body = [
        ir.SetValidity(ir.HeaderRef("ethernet"), True),
        ir.Verify(ir.Binary(0, "==", A, const(1)), const(3)),
        ir.Advance(const(16)),
    ]
    (start,) = states(ir.ParserState("start", list(body), next="accept")).values()
    assert ops(start) == ["primitive(add_header(ethernet))", "verify((scalars.a == 1), 3)", "advance(16)"]


def test_reject_is_warned_about() -> None:
    states(ir.ParserState("start", [], next="reject"), expected="treats a transition to reject as one to accept")


def test_extract_by_a_run_time_index_goes_by_a_scratch_header() -> None:
    (start,) = states(ir.ParserState("start", [ir.Extract(ir.HeaderRef("labels", A))], next="accept")).values()
    assert ops(start) == [
        "verify((scalars.a < 2), 3)",
        "extract($extract0)",
        "primitive(assign_header((labels dereference_header_stack scalars.a), $extract0))",
    ]


def test_value_set_transition() -> None:
    cases = [ir.SelectCase([], "accept", value_set="parser.pvs"), ir.SelectCase([ir.KeyMatch(None)], "accept")]
    (start,) = states(ir.ParserState("start", [START], [ETHER_TYPE], cases)).values()
    assert start["transitions"][0] == {"type": "parse_vset", "value": "parser.pvs", "mask": None, "next_state": None}


def test_storage_lists_types_instances_and_stacks() -> None:
    json = to_json(program(), Diagnostics())
    types = {t["name"]: t for t in json["header_types"]}
    assert types["ethernet_t"]["fields"][2] == ["type", 16, False]
    assert types["scalars"]["fields"][-1] == ["_padding", 7, False]
    assert [(h["name"], h["metadata"]) for h in json["headers"]] == [
        ("scalars", True), ("standard_metadata", True), ("ethernet", False), ("labels[0]", False), ("labels[1]", False),
    ]  # fmt: skip
    assert json["header_stacks"][0]["header_ids"] == [3, 4]
    assert json["deparsers"][0]["order"] == ["ethernet", "labels[0]", "labels[1]"]


def odd_header(*, emitted: bool) -> tuple[dict[str, Any], str]:
    p = program()
    p.headers.append(ir.Header("odd", ir.HeaderDef("odd_t", (ir.FieldDef("x", 3), ir.FieldDef("s", 1, signed=True)))))
    if emitted:
        p.deparser.append(ir.Emit(ir.HeaderRef("odd")))
    diagnostics = Diagnostics()
    json = to_json(p, diagnostics)
    return next(t for t in json["header_types"] if t["name"] == "odd_t"), diagnostics.render()


def test_header_on_the_wire_that_is_not_whole_bytes_is_reported() -> None:
    assert "header odd_t has 4 bits; BMv2 supports multiples of 8 only" in odd_header(emitted=True)[1]


def test_header_that_stays_inside_is_padded() -> None:
    kind, messages = odd_header(emitted=False)
    assert (kind["fields"], messages) == ([["x", 3, False], ["s", 1, False], ["_padding", 4, False]], "")


def test_unions_and_stacks_of_them() -> None:
    p = program()
    members = [("mpls", ir.Header("u.mpls", LABEL))]
    p.unions = [ir.HeaderUnion("u", "u_t", members)]
    stacked = ir.HeaderUnion("us[0]", "u_t", [("mpls", ir.Header("us[0].mpls", LABEL))])
    p.union_stacks = [ir.UnionStack("us", "u_t", [stacked])]
    p.deparser += [ir.Emit(ir.HeaderRef("u"), kind="union"), ir.Emit(ir.HeaderRef("us"), kind="union_stack")]
    json = to_json(p, Diagnostics())
    assert json["header_union_types"] == [{"name": "u_t", "id": 0, "headers": [["mpls", "label_t"]]}]
    assert [u["name"] for u in json["header_unions"]] == ["u", "us[0]"]
    assert json["header_union_stacks"][0]["header_union_ids"] == [1]
    assert json["deparsers"][0]["order"][-2:] == ["u.mpls", "us[0].mpls"]


def test_checksums_name_their_calculation_and_condition() -> None:
    p = program()
    data: list[object] = [A, const(6, 8), ir.HeaderRef("ethernet")]
    p.update = [ir.Checksum(ETHER_TYPE, data, "csum16", ir.IsValid(0, "ethernet"), with_payload=True)]
    json = to_json(p, Diagnostics())
    (checksum,) = json["checksums"]
    assert (checksum["target"], checksum["verify"], checksum["update"]) == (["ethernet", "type"], False, True)
    assert show(checksum["if_cond"]) == "d2b(ethernet.$valid$)"
    assert [i["type"] for i in json["calculations"][0]["input"]] == ["field", "hexstr", "header", "payload"]


def test_computation_in_an_updated_checksum_is_done_at_the_end_of_egress() -> None:
    p = program()
    total = ir.Binary(32, "+", A, B)
    p.update = [ir.Checksum(ETHER_TYPE, [total], "csum16", const(1, 0), with_payload=False)]
    p.egress = ir.Control("egress", [ir.If(FLAG, [ir.Exit()]), add_one()])
    diagnostics = Diagnostics()
    json = to_json(p, diagnostics)
    assert show_action(action_named(json, "egress.do_1")) == [
        "_jump_if_zero(b2d(not(d2b(scalars.flag))), 2)",
        "assign(scalars.a, ((scalars.a + 1) & 4294967295))",
        "assign(scalars.$checksum0, ((scalars.a + scalars.b) & 4294967295))",
    ]
    assert json["calculations"][0]["input"] == [{"type": "field", "value": ["scalars", "$checksum0"]}]
    assert "upstream p4c refuses it" in diagnostics.render()


def test_computation_in_a_verified_checksum_is_reported() -> None:
    p = program()
    p.verify = [ir.Checksum(ETHER_TYPE, [ir.Binary(32, "+", A, B)], "csum16", const(1, 0), with_payload=False)]
    diagnostics = Diagnostics()
    to_json(p, diagnostics)
    assert "computations are not supported in the data of verify_checksum" in diagnostics.render()


def test_condition_in_the_deparser_hides_headers_at_the_end_of_egress() -> None:
    p = program()
    ethernet = ir.Emit(ir.HeaderRef("ethernet"))
    p.deparser = [ir.If(FLAG, [ethernet], [ir.Emit(ir.HeaderRef("labels", const(0)))])]
    json = to_json(p, Diagnostics())
    assert json["deparsers"][0]["order"] == ["ethernet", "labels[0]"]
    assert show_action(action_named(json, "egress.do_1")) == [
        "_jump_if_zero(scalars.flag, 3)",
        "remove_header(labels[0])",
        "_jump(4)",
        "remove_header(ethernet)",
    ]
